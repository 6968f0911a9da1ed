-- Past whatever a killed roll-up left behind.
SELECT greatest((SELECT max(rollup_id) FROM usage_rollups), (SELECT max(rollup_id) FROM usage_hourly)) + 1
