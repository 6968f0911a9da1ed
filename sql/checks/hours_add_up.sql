-- The exact amounts of a line's hours add up to the line.
SELECT line.period_id AS period_id, line.product AS product, line.rate_card_version AS rate_card_version, line.unit_amount AS amount, hours.amount AS hours_amount
FROM invoice_lines AS line
FULL JOIN
(
    SELECT period_id, product, rate_card_version, sum(amount) AS amount
    FROM usage_hours
    GROUP BY period_id, product, rate_card_version
) AS hours ON hours.period_id = line.period_id AND hours.product = line.product AND hours.rate_card_version = line.rate_card_version
WHERE hours.amount != line.unit_amount
LIMIT 100
