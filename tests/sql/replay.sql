-- name: version_id
SELECT version_id FROM rate_card_versions WHERE version = {version:UInt32}

-- name: last_periods
SELECT customer_id, product, sum(exact_amount) AS amount
FROM invoice_lines
WHERE period_id IN
(
    SELECT argMax(period_id, period_end) FROM billing_periods
    WHERE period_end <= {now:DateTime64(3, 'UTC')} GROUP BY contract_id
)
GROUP BY customer_id, product

-- name: month
SELECT hours.customer_id AS customer_id, hours.product AS product, sum(hours.amount * toDecimal256(line.unit_value, 15)) AS amount
FROM usage_hours AS hours
INNER JOIN (SELECT DISTINCT period_id, product, rate_card_version, unit_value FROM invoice_lines) AS line
    ON line.period_id = hours.period_id AND line.product = hours.product AND line.rate_card_version = hours.rate_card_version
WHERE hours.hour >= {start:DateTime64(3, 'UTC')} AND hours.hour < {end:DateTime64(3, 'UTC')}
GROUP BY customer_id, product
