-- name: create_events
CREATE OR REPLACE TABLE events ({{ columns }}) ENGINE = Memory

-- name: empty_events
TRUNCATE TABLE events

-- name: values
SELECT {{ sql }} AS value FROM events ORDER BY id

-- name: type
SELECT toTypeName({{ sql }}) FROM events LIMIT 1
