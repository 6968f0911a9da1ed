-- The rows of a breakdown add up to their line: rounded amounts, exact amounts and quantities.
SELECT line.period_id AS period_id, line.product AS product, line.rate_card_version AS rate_card_version, line.amount AS amount, rows.amount AS rows_amount
FROM invoice_lines AS line
LEFT JOIN
(
    SELECT period_id, product, rate_card_version, sum(amount) AS amount, sum(exact_amount) AS exact_amount, sum(toDecimal256(quantity, 9)) AS quantity
    FROM invoice_breakdown
    GROUP BY period_id, product, rate_card_version
) AS rows ON rows.period_id = line.period_id AND rows.product = line.product AND rows.rate_card_version = line.rate_card_version
WHERE rows.amount != line.amount OR rows.exact_amount != line.exact_amount OR rows.quantity != line.quantity
LIMIT 100
