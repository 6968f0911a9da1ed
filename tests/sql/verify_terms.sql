-- name: move_a_fee
INSERT INTO charge_records
SELECT * REPLACE(toUInt64(999) AS period_id)
FROM (SELECT * FROM charge_records FINAL WHERE kind = 'fee' LIMIT 1)

-- name: withdraw_the_fee
INSERT INTO charge_records
SELECT * REPLACE(true AS withdrawn, recorded_at + 1 AS recorded_at)
FROM charge_records
WHERE period_id = 999

-- name: keep_shares
RENAME TABLE discount_shares TO whole_shares

-- name: raise_shares
CREATE VIEW discount_shares AS SELECT * REPLACE(amount * 2 AS amount) FROM whole_shares

-- name: drop_shares
DROP VIEW discount_shares

-- name: restore_shares
RENAME TABLE whole_shares TO discount_shares

-- name: keep_credit_lines
RENAME TABLE credit_lines_of_customers TO whole_credit_lines

-- name: raise_credit_lines
CREATE VIEW credit_lines_of_customers AS
SELECT * REPLACE(amount * 2 AS amount) FROM whole_credit_lines(customers = {customers:Array(String)})

-- name: drop_credit_lines
DROP VIEW credit_lines_of_customers

-- name: restore_credit_lines
RENAME TABLE whole_credit_lines TO credit_lines_of_customers

-- name: override_without_prices
INSERT INTO override_slices
SELECT * REPLACE(toDateTime64('2026-06-01 00:00:00', 3, 'UTC') AS slice_start, 'nothing' AS set_hash)
FROM (SELECT * FROM override_slices)

-- name: withdraw_override
INSERT INTO override_slices
SELECT * REPLACE(true AS withdrawn, recorded_at + 1 AS recorded_at)
FROM override_slices
WHERE set_hash = 'nothing'

-- name: raise_the_grant
INSERT INTO grant_records
SELECT * REPLACE(amount + 1 AS amount, recorded_at + 1 AS recorded_at)
FROM (SELECT * FROM grant_records FINAL WHERE top_up_id != '')

-- name: withdraw_the_grant
INSERT INTO grant_records
SELECT * REPLACE(true AS withdrawn, recorded_at + 1 AS recorded_at)
FROM (SELECT * FROM grant_records FINAL WHERE top_up_id != '')

-- name: restore_the_grant
INSERT INTO grant_records
SELECT * REPLACE(toDecimal128('2', 24) AS amount, false AS withdrawn, recorded_at + 1 AS recorded_at)
FROM (SELECT * FROM grant_records WHERE top_up_id != '' ORDER BY recorded_at DESC LIMIT 1)
