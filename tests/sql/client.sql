-- name: late_failure
SELECT {mark:UInt64} AS mark, number, throwIf(number = 150000)
FROM numbers(200000)
SETTINGS max_block_size = 1000

-- name: early_failure
SELECT {mark:UInt64} AS mark, throwIf(number = 3) FROM numbers(5)

-- name: numbers
SELECT {mark:UInt64} AS mark, number FROM numbers({rows:UInt64})

-- name: unknown_name
SELECT nothing

-- name: number
SELECT {number:UInt64}

-- name: next
SELECT 'next' AS one

-- name: time_zone
SELECT timezone()

-- name: instant
SELECT toDateTime64('2026-03-29 01:30:00', 3)

-- name: instant_in_utc
SELECT toDateTime64('2026-03-29 01:30:00', 3, 'UTC')

-- name: one
SELECT 1

-- name: huge
SELECT length(groupArray(toString(number))) FROM numbers(1000000000)

-- name: small
SELECT {n:UInt64}

-- name: sum
SELECT sum(number) FROM numbers(1000)

-- name: texts
SELECT {text:String} AS one, {list:Array(String)} AS many, length({text:String}) AS bytes

-- name: create_round_trip
CREATE TABLE IF NOT EXISTS round_trip (id UInt32, text String, map Map(String, String), number Decimal(38, 15), at DateTime64(3, 'UTC'))
ENGINE = MergeTree ORDER BY id

-- name: round_trip
SELECT * FROM round_trip ORDER BY id

-- name: drop_round_trip
DROP TABLE round_trip SYNC
