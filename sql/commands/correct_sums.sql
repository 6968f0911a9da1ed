-- What the hourly sums of a range should be, by the ledger up to each period's roll-up, minus what they are. It becomes
-- part of them like any roll-up; the sum of a period without a roll-up should be nothing.
INSERT INTO usage_hourly (period_id, price_id, dimensions, hour, rollup_id, quantity, events)
SELECT period_id, price_id, dimensions, hour, {rollup_id:UInt64} AS rollup_id, sum(quantity) AS quantity, sum(events) AS events
FROM
(
    SELECT
        period_id, price_id, toString(dimensions) AS dimensions, toStartOfHour(toDateTime(event_time, 'UTC')) AS hour,
        sign * quantity AS quantity, toInt64(sign) AS events
    FROM rated_usage
    INNER JOIN (SELECT period_id, max(rolled_until) AS rolled_until FROM usage_rollups GROUP BY period_id) AS rolled USING period_id
    WHERE unrated = '' AND recorded_at <= rolled_until
      AND event_time >= {range_start:DateTime64(3, 'UTC')} AND event_time < {range_end:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT period_id, price_id, toString(dimensions) AS dimensions, hour, -quantity AS quantity, -events AS events
    FROM usage_hourly
    WHERE rollup_id <= (SELECT max(rollup_id) FROM usage_rollups)
      AND hour >= {range_start:DateTime64(3, 'UTC')} AND hour < {range_end:DateTime64(3, 'UTC')}
)
GROUP BY period_id, price_id, dimensions, hour
HAVING quantity != 0 OR events != 0
