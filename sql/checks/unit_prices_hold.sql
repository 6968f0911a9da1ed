-- What has a price of one unit and no limits costs quantity × unit price, on the invoice too.
SELECT part.period_id AS period_id, part.product AS product, part.rate_card_version AS rate_card_version, part.price_id AS price_id, part.unit_amount AS row_amount,
    toDecimal256(part.quantity, 9) * price.unit_amount AS quantity_times_unit_price
FROM invoice_breakdown AS part
INNER JOIN
(
    SELECT price_id, unit_amount
    FROM price_rows
    WHERE model IN ('per_unit', 'percentage') AND conversion = 'none' AND included = 0 AND fixed_amount_per_event = 0
        AND isNull(free_events) AND isNull(free_total_value) AND isNull(min_amount_per_event) AND isNull(max_amount_per_event)
) AS price ON price.price_id = part.price_id
WHERE row_amount != quantity_times_unit_price
    AND part.product NOT IN
    (
        SELECT product
        FROM rate_card_products
        WHERE (version_id, product_number) IN
            (SELECT version_id, product_number FROM price_rows WHERE isNotNull(minimum_spend) OR isNotNull(maximum_spend))
    )
LIMIT 100
