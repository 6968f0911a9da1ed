-- The hourly sums that count are the net of the ledger's entries up to each period's roll-up.
-- To mend it: runrate reconcile --sums
SELECT period_id, price_id, hour, sum(quantity) AS quantity_off, sum(events) AS events_off
FROM
(
    SELECT period_id, price_id, toString(dimensions) AS dimensions, hour, quantity, events
    FROM usage_hourly
    WHERE rollup_id <= (SELECT max(rollup_id) FROM usage_rollups)
    UNION ALL
    SELECT
        period_id, price_id, toString(dimensions) AS dimensions, toStartOfHour(toDateTime(event_time, 'UTC')) AS hour,
        -sign * quantity AS quantity, -toInt64(sign) AS events
    FROM rated_usage
    INNER JOIN (SELECT period_id, max(rolled_until) AS rolled_until FROM usage_rollups GROUP BY period_id) AS rolled USING period_id
    WHERE unrated = '' AND recorded_at <= rolled_until
)
GROUP BY period_id, price_id, dimensions, hour
HAVING quantity_off != 0 OR events_off != 0
LIMIT 100
