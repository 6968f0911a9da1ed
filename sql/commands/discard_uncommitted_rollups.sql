ALTER TABLE usage_hourly DELETE WHERE rollup_id NOT IN (SELECT rollup_id FROM usage_rollups) SETTINGS mutations_sync = 2
