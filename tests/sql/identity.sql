-- name: block
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties)
SELECT
    toString(number % {distinct:UInt64}), 'c1', 'call',
    toDateTime64('2026-01-05 00:00:00', 3, 'UTC') + toIntervalSecond(number % {distinct:UInt64} % 86400),
    map('units', '1')
FROM numbers({rows:UInt64})

-- name: conflicts
SELECT event_id, toDayOfMonth(event_time) AS day FROM event_conflicts ORDER BY event_id, day

-- name: bad_quantities
SELECT count() FROM unrated_usage WHERE unrated = 'bad_quantity'

-- name: times_of_recording
SELECT uniqExact(recorded_at) FROM usage_events

-- name: insert_with_a_time_of_recording
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties, recorded_at)
VALUES ('e2', 'c1', 'call', '2026-01-05 12:00:00', map('units', '4'), '2020-01-01 00:00:00')

-- name: insert
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties)
VALUES {{ rows }}
