-- name: torn
INSERT INTO usage_hourly (period_id, price_id, dimensions, hour, rollup_id, quantity, events)
SELECT period_id, price_id, dimensions, hour, rollup_id + 1, quantity, events FROM usage_hourly

-- name: merge
OPTIMIZE TABLE usage_hourly FINAL

-- name: raise_sums
ALTER TABLE usage_hourly UPDATE quantity = quantity + 1, events = events + 7 WHERE true SETTINGS mutations_sync = 2

-- name: lose_noon
ALTER TABLE usage_hourly DELETE WHERE toHour(hour) = 12 SETTINGS mutations_sync = 2

-- name: lose_sums
TRUNCATE TABLE usage_hourly

-- name: double_sums
INSERT INTO usage_hourly SELECT * FROM usage_hourly

-- name: move_sums
INSERT INTO usage_hourly SELECT * REPLACE (hour + 3600 AS hour) FROM usage_hourly

-- name: forget_the_first_period
ALTER TABLE usage_rollups DELETE WHERE period_id = (SELECT min(period_id) FROM usage_rollups) SETTINGS mutations_sync = 2

-- name: forget_roll_ups
TRUNCATE TABLE usage_rollups

-- name: forget_the_last_period
ALTER TABLE usage_rollups DELETE WHERE period_id = (SELECT max(period_id) FROM usage_rollups) SETTINGS mutations_sync = 2

-- name: lose_sums_now
ALTER TABLE usage_hourly DELETE WHERE true SETTINGS mutations_sync = 2

-- name: insert_by_sql
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties)
VALUES ('by-sql', 'c1', 'call', '2026-01-05 12:00:00', {'units': '7'})
