-- At an instant a customer has at most one contract, period and version.
SELECT customer_id, valid_from, valid_to, next_from
FROM
(
    SELECT
        customer_id, valid_from, valid_to,
        leadInFrame(valid_from, 1, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) OVER (PARTITION BY customer_id ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_from
    FROM terms
)
WHERE next_from <= valid_to
LIMIT 100
