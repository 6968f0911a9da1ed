-- Credits reserved for work that is not done yet.

CREATE TABLE IF NOT EXISTS hold_records
(
    customer_id String COMMENT 'The customer',
    hold_id String COMMENT 'The hold, as the sender named it',
    product String COMMENT 'The product that the credits are reserved for',
    unit String COMMENT 'Currency or custom unit',
    units Decimal(38, 24) COMMENT 'Units reserved',
    state LowCardinality(String) COMMENT 'held, confirmed or released; held is no more once it has expired',
    confirmed_units Nullable(Decimal(38, 24)) COMMENT 'What the work came to; null = not confirmed',
    held_at DateTime64(3, 'UTC') COMMENT 'Since when',
    expires_at DateTime64(3, 'UTC') COMMENT 'Until when, exclusive, if it is neither confirmed nor released before',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the state was recorded'
)
ENGINE = MergeTree
ORDER BY (customer_id, hold_id, recorded_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Holds, append-only: one record for each state of each; the latest record counts';
