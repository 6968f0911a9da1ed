SELECT period_id
FROM rated_usage
LEFT ANY JOIN (SELECT period_id, max(rolled_until) AS rolled_until FROM usage_rollups GROUP BY period_id) AS rolled USING period_id
WHERE unrated = '' AND recorded_at > rolled_until AND recorded_at <= {until:DateTime64(3, 'UTC')}
GROUP BY period_id
HAVING count() >= {entries:UInt64}
