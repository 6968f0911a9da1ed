-- Lines with their breakdown from one read of the usage, so that the rows always add up to the line.
SELECT
    line.product AS product, line.rate_card_version AS rate_card_version,
    product.name AS product_name, product.metered_unit AS metered_unit, product.unit AS unit,
    line.quantity AS quantity, line.exact_amount AS exact_amount, line.amount AS amount, line.breakdown AS breakdown
FROM
(
    SELECT
        usage.product AS product,
        usage.rate_card_version AS rate_card_version,
        toUInt32(bitShiftRight(any(usage.price_id), 32)) AS version_id,
        sum(toDecimal256(usage.quantity, 9)) AS quantity,
        sum(usage.exact_amount) AS exact_amount,
        any(usage.line_amount) AS amount,
        arraySort(row -> row.1, groupArray((usage.row_number, usage.dimensions, usage.show, usage.quantity, usage.unit_price, usage.amount))) AS breakdown
    FROM invoice_breakdown AS usage
    WHERE usage.period_id IN {period_ids:Array(UInt64)}
    GROUP BY usage.product, usage.rate_card_version
) AS line
INNER JOIN rate_card_products AS product ON product.version_id = line.version_id AND product.product = line.product
ORDER BY product, rate_card_version
