-- The quantities of the invoice lines are those of the net ledger, where they add up.
-- To mend it: runrate reconcile --sums
SELECT period_id, version_id, product, sum(quantity) AS quantity_off
FROM
(
    SELECT
        period_id,
        card_version_id AS version_id,
        product,
        toDecimal256(sign * quantity, 9) AS quantity
    FROM rated_usage
    INNER JOIN
    (
        SELECT price_id, product.product AS product, version.card_version_id AS card_version_id
        FROM price_rows AS price
        INNER JOIN rate_card_products AS product
            ON product.version_id = price.version_id AND product.product_number = price.product_number
        INNER JOIN priced_versions AS version ON version.version_id = price.version_id
        WHERE product.aggregation IN ('sum', 'count')
    ) AS named USING price_id
    WHERE unrated = ''
    UNION ALL
    SELECT line.period_id AS period_id, version.version_id AS version_id, line.product AS product, -line.quantity AS quantity
    FROM invoice_lines AS line
    INNER JOIN rate_card_versions AS version
        ON version.rate_card = line.rate_card AND version.version = line.rate_card_version
    WHERE (version.version_id, line.product) IN (SELECT version_id, product FROM rate_card_products WHERE aggregation IN ('sum', 'count'))
)
GROUP BY period_id, version_id, product
HAVING quantity_off != 0
LIMIT 100
