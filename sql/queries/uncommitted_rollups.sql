SELECT count() FROM usage_hourly WHERE rollup_id NOT IN (SELECT rollup_id FROM usage_rollups)
