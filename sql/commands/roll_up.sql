INSERT INTO usage_hourly (period_id, price_id, dimensions, hour, rollup_id, quantity, events)
SELECT
    period_id, price_id, dimensions, toStartOfHour(toDateTime(event_time, 'UTC')) AS hour,
    {rollup_id:UInt64} AS rollup_id, sum(sign * quantity) AS quantity, sum(sign) AS events
FROM rated_usage
LEFT ANY JOIN (SELECT period_id, max(rolled_until) AS rolled_until FROM usage_rollups GROUP BY period_id) AS rolled USING period_id
WHERE period_id IN {periods:Array(UInt64)} AND unrated = ''
  AND recorded_at > rolled_until AND recorded_at <= {until:DateTime64(3, 'UTC')}
GROUP BY period_id, price_id, dimensions, hour
