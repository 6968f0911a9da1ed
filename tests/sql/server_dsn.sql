-- name: insert
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties)
VALUES ({id:String}, 'c1', 'llm.request', '2026-01-11 10:00:00',
    map('model', 'large', 'project', 'apollo', 'tokens', {tokens:String}))

-- name: count_prices
SELECT count() FROM price_rows

-- name: repeated_price_ids
SELECT count() - uniqExact(price_id) FROM price_rows

-- name: detach_rating
DETACH TABLE rated_usage_mv

-- name: attach_rating
ATTACH TABLE rated_usage_mv

-- name: slow_event
(SELECT * FROM usage_events WHERE event_id = 'slow')

-- name: rate
INSERT INTO rated_usage {{ rating }}

-- name: slow_events
(SELECT * FROM usage_events WHERE revision = 0 AND sleepEachRow(3) = 0)

-- name: long_events
SELECT count() FROM usage_events WHERE event_id = 'long'

-- name: slow_number
SELECT {number:UInt64} + sleep(0.01) AS found

-- name: unknown_setting
SELECT 1 SETTINGS no_such_setting = 1

-- name: two
SELECT 2
