-- name: version
SELECT * FROM rate_card_versions WHERE version = 1

-- name: widen_the_ledger
ALTER TABLE rated_usage ADD COLUMN weight UInt8

-- name: double_a_price
INSERT INTO price_rows SELECT * REPLACE (price_id + 100 AS price_id) FROM price_rows WHERE has(dimensions, 'large')

-- name: forget_meters
ALTER TABLE rate_card_versions UPDATE meters = '' WHERE 1 SETTINGS mutations_sync = 1
