-- name: entries_by_reason
SELECT toString(reason) AS cause, sum(sign) AS net, count() AS entries
FROM rated_usage
GROUP BY cause

-- name: damage
INSERT INTO rated_usage
SELECT * REPLACE (toInt8({sign:Int8}) AS sign)
FROM rated_usage
WHERE toDayOfMonth(event_time) <= 10

-- name: lose_the_ledger
TRUNCATE TABLE rated_usage

-- name: block
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties) SELECT toString(number), 'c1', 'call', toDateTime64('2026-01-05 00:00:00', 3, 'UTC') + number * 2, map('units', '1')
FROM numbers(150000)
