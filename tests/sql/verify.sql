-- name: event_key
SELECT event_key FROM usage_events WHERE event_id = {event_id:String} ORDER BY revision LIMIT 1

-- name: drop_view
DROP VIEW {{ kept }}

-- name: lose_an_entry
ALTER TABLE rated_usage DELETE WHERE event_key = {tail:UInt128} SETTINGS mutations_sync = 2

-- name: repeat_an_entry
INSERT INTO rated_usage
SELECT *
FROM rated_usage
WHERE event_key = {tail:UInt128} AND sign = 1 LIMIT 1

-- name: take_back_what_was_not
INSERT INTO rated_usage
SELECT * REPLACE(toInt8(-1) AS sign, toDecimal128('77', 9) AS quantity)
FROM rated_usage
WHERE event_key = {tail:UInt128} LIMIT 1

-- name: change_a_price
INSERT INTO rated_usage
SELECT * REPLACE(toInt8(1) AS sign, toDecimal128('99', 15) AS unit_price)
FROM rated_usage
WHERE event_key = {tail:UInt128} LIMIT 1

-- name: change_a_period
INSERT INTO rated_usage
SELECT * REPLACE(toInt8(1) AS sign, toUInt64(12345) AS period_id)
FROM rated_usage
WHERE event_key = {tail:UInt128} LIMIT 1

-- name: repeat_an_identity
INSERT INTO usage_events
SELECT * REPLACE(event_time + 3600 AS event_time, {now:DateTime64(3, 'UTC')} AS recorded_at)
FROM usage_events
WHERE event_key = {tail:UInt128} LIMIT 1

-- name: change_a_key
INSERT INTO usage_events
SELECT * REPLACE(toUInt128(7) AS event_key, 'nobody' AS customer_id)
FROM (SELECT * FROM usage_events WHERE event_key = {tail:UInt128} LIMIT 1)

-- name: undo_key_of_event
ALTER TABLE usage_events DELETE WHERE event_key = 7 SETTINGS mutations_sync = 2

-- name: undo_key_of_entry
ALTER TABLE rated_usage DELETE WHERE event_key = 7 SETTINGS mutations_sync = 2

-- name: raise_a_sum
ALTER TABLE usage_hourly UPDATE quantity = quantity + 1 WHERE true SETTINGS mutations_sync = 2

-- name: hide_an_entry
ALTER TABLE rated_usage UPDATE unrated = 'not_entitled'
WHERE event_key = {rolled:UInt128}
SETTINGS mutations_sync = 2

-- name: show_an_entry
ALTER TABLE rated_usage UPDATE unrated = ''
WHERE event_key = {rolled:UInt128}
SETTINGS mutations_sync = 2

-- name: tear_a_rollup
INSERT INTO usage_hourly SELECT * REPLACE(toUInt64(99) AS rollup_id) FROM usage_hourly

-- name: second_contract
INSERT INTO contract_records
SELECT * REPLACE('k9' AS contract_id, toDateTime64('2015-01-01 00:00:00', 3, 'UTC') AS recorded_at)
FROM (SELECT * FROM contract_records WHERE contract_id = 'k1')

-- name: second_period
INSERT INTO billing_period_records
SELECT * REPLACE('k9' AS contract_id, toUInt64(999) AS period_id)
FROM (SELECT * FROM billing_period_records WHERE contract_id = 'k1' LIMIT 1)

-- name: withdraw_second_period
INSERT INTO billing_period_records
SELECT * REPLACE(true AS withdrawn, recorded_at + 1 AS recorded_at)
FROM billing_period_records
WHERE contract_id = 'k9'

-- name: negative_grant
INSERT INTO grant_records
SELECT * REPLACE('g9' AS grant_id, toDecimal128('-5', 24) AS amount)
FROM (SELECT * FROM grant_records WHERE grant_id = 'g1')

-- name: withdraw_negative_grant
INSERT INTO grant_records
SELECT * REPLACE(true AS withdrawn, recorded_at + 1 AS recorded_at)
FROM grant_records
WHERE grant_id = 'g9'

-- name: keep_breakdown
RENAME TABLE invoice_breakdown TO whole_breakdown

-- name: lose_a_row
CREATE VIEW invoice_breakdown AS SELECT * FROM whole_breakdown WHERE row_number != 1

-- name: raise_an_amount
CREATE VIEW invoice_breakdown AS
SELECT * REPLACE(if(row_number = 1, unit_amount + toDecimal256('0.01', 24), unit_amount) AS unit_amount)
FROM whole_breakdown

-- name: keep_lines
RENAME TABLE invoice_lines TO whole_lines

-- name: lose_a_line
CREATE VIEW invoice_lines AS SELECT * FROM whole_lines WHERE product != 'tasks'

-- name: keep_movements
RENAME TABLE revenue_movements TO whole_movements

-- name: lose_draws
CREATE VIEW revenue_movements AS
SELECT * FROM whole_movements(customers = {customers:Array(String)}, promised_to = {promised_to:String}) WHERE category != 'prepaid_drawdown'

-- name: invoice_twice
CREATE VIEW revenue_movements AS
SELECT * REPLACE(if(step = 0, amount * 2, amount) AS amount)
FROM whole_movements(customers = {customers:Array(String)}, promised_to = {promised_to:String})

-- name: keep_audit_trail
CREATE TABLE whole_audit_trail ENGINE = Memory AS SELECT * FROM audit_trail

-- name: lose_audit_trail
TRUNCATE TABLE audit_trail

-- name: restore_audit_trail
INSERT INTO audit_trail SELECT * FROM whole_audit_trail

-- name: change_an_author
ALTER TABLE audit_trail UPDATE author = 'somebody' WHERE sequence = 2 SETTINGS mutations_sync = 2

-- name: undo_author
ALTER TABLE audit_trail UPDATE author = '' WHERE sequence = 2 SETTINGS mutations_sync = 2

-- name: take_out_an_entry
ALTER TABLE audit_trail DELETE WHERE sequence = 2 SETTINGS mutations_sync = 2

-- name: swap_entries
INSERT INTO audit_trail
SELECT * REPLACE(toUInt64(multiIf(sequence = 2, 3, sequence = 3, 2, sequence)) AS sequence)
FROM whole_audit_trail

-- name: repeat_audit_entry
INSERT INTO audit_trail SELECT * FROM whole_audit_trail WHERE sequence = 2

-- name: cut_audit_trail
ALTER TABLE audit_trail DELETE WHERE sequence > 1 SETTINGS mutations_sync = 2

-- name: activate_by_sql
INSERT INTO rate_card_activations
SELECT * REPLACE(toUInt64(99) AS activation_id, recorded_at + 1 AS recorded_at, 'none' AS rate_card)
FROM (SELECT * FROM rate_card_activations)

-- name: undo_activation
ALTER TABLE rate_card_activations DELETE WHERE activation_id = 99 SETTINGS mutations_sync = 2

-- name: move_activation
ALTER TABLE rate_card_activations UPDATE active_from = active_from - 1 WHERE true SETTINGS mutations_sync = 2

-- name: move_activation_back
ALTER TABLE rate_card_activations UPDATE active_from = active_from + 1 WHERE true SETTINGS mutations_sync = 2

-- name: count_values
ALTER TABLE rate_card_products UPDATE aggregation = 'unique' WHERE true SETTINGS mutations_sync = 2

-- name: sum_values
ALTER TABLE rate_card_products UPDATE aggregation = 'sum' WHERE true SETTINGS mutations_sync = 2
