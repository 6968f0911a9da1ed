-- name: version_id
SELECT version_id FROM rate_card_versions WHERE version = {version:UInt32}

-- name: version
SELECT version, version_id, content_hash FROM rate_card_versions WHERE version_id = {version_id:UInt32}

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

-- name: last_spans
SELECT customer_id, argMax(period_start, period_end) AS starts_at, max(period_end) AS ends_at
FROM billing_periods
WHERE period_end <= {now:DateTime64(3, 'UTC')}
GROUP BY customer_id, contract_id

-- name: month_spans
SELECT customer_id, min(period_start) AS starts_at, max(period_end) AS ends_at
FROM billing_periods
WHERE period_start < {end:DateTime64(3, 'UTC')} AND period_end > {start:DateTime64(3, 'UTC')}
GROUP BY customer_id, contract_id

-- name: activation_starts
SELECT DISTINCT active_from FROM rate_card_activations

-- name: next_terms
SELECT valid_from, card_version_id AS version_id
FROM terms
WHERE customer_id = {customer:String} AND valid_from >= {at:DateTime64(3, 'UTC')} AND version_id != 0
ORDER BY valid_from
LIMIT 1
