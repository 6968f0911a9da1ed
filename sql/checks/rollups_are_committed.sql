-- No hourly sums stand that no roll-up committed.
-- To mend it: runrate reconcile --sums
SELECT rollup_id, count() AS rows
FROM usage_hourly
WHERE rollup_id NOT IN (SELECT rollup_id FROM usage_rollups)
GROUP BY rollup_id
LIMIT 100
