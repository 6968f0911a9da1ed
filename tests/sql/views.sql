-- name: objects
SELECT name, engine, comment, create_table_query AS statement
FROM system.tables
WHERE database = currentDatabase()

-- name: rated
SELECT product, toString(quantity) AS quantity, toString(amount) AS amount
FROM rated_events
WHERE event_id = {id:String}

-- name: moved
SELECT customer_id, event_id, event_type, product, toString(unrated) AS reason
FROM rated_events
WHERE event_id = 'moved'

-- name: twice
INSERT INTO usage_batches (event_id, customer_id, event_type, event_time, properties, recorded_at)
VALUES ('twice', 'c1', 'agent.task', '2026-01-13 10:00:00', map(), {first:DateTime64(3, 'UTC')}),
    ('twice', 'c1', 'fax.sent', '2026-01-13 10:00:00', map(), {second:DateTime64(3, 'UTC')})

-- name: columns
SELECT table, name, comment FROM system.columns WHERE database = currentDatabase()

-- name: describe
DESCRIBE TABLE {{ name }}

-- name: moved_unrated
SELECT event_type, product FROM unrated_usage WHERE event_id = 'moved'

-- name: twice_rated
SELECT event_type, product FROM rated_events WHERE event_id = 'twice'

-- name: twice_conflicts
SELECT event_type FROM event_conflicts WHERE event_id = 'twice'

-- name: lines
SELECT product, amount FROM invoice_lines ORDER BY period_id, product

-- name: add_a_column
ALTER TABLE rated_usage ADD COLUMN note String

-- name: drop_the_column
ALTER TABLE rated_usage DROP COLUMN note

-- name: widen_the_sign
ALTER TABLE rated_usage MODIFY COLUMN sign Int16

-- name: narrow_the_sign
ALTER TABLE rated_usage MODIFY COLUMN sign Int8
