-- The periods that have sums of a roll-up, how many, and until when each was rolled up before it.
SELECT period_id, count() AS sums, any(rolled.rolled_until) AS rolled_until
FROM usage_hourly
LEFT ANY JOIN (SELECT period_id, max(rolled_until) AS rolled_until FROM usage_rollups GROUP BY period_id) AS rolled USING period_id
WHERE rollup_id = {rollup_id:UInt64}
GROUP BY period_id
