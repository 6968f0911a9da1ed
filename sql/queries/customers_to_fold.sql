-- Customers that a contract can bill, and how many hours of prices there are to fold over their grants.
SELECT
    customer_id, customer_id IN (SELECT customer_id FROM grant_records FINAL WHERE NOT withdrawn) AS has_grants,
    max(period.period_id IN (SELECT period_id FROM charge_records FINAL WHERE kind = 'true_up' AND NOT withdrawn)) AS has_true_ups,
    sum(used.steps) AS steps
FROM (SELECT customer_id, period_id FROM billing_periods) AS period
LEFT JOIN (SELECT period_id, uniq(price_id, hour) AS steps FROM hourly_usage GROUP BY period_id) AS used ON used.period_id = period.period_id
GROUP BY customer_id
ORDER BY customer_id
