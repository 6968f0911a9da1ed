-- Automatic top-ups of credits.

CREATE TABLE IF NOT EXISTS top_up_records
(
    customer_id String COMMENT 'The customer',
    top_up_id String COMMENT 'The top-up, and the grant that comes of it',
    contract_id String COMMENT 'The contract whose term asks for it',
    number UInt32 COMMENT 'Number of the top-up within its contract, from 1',
    state LowCardinality(String) COMMENT 'granted, pending (waits for its payment) or failed (was not paid)',
    unit String COMMENT 'Currency or custom unit',
    threshold Decimal(38, 24) COMMENT 'Below what the balance fell',
    balance Decimal(76, 24) COMMENT 'What was left when it was decided',
    amount Decimal(38, 24) COMMENT 'Units granted',
    paid Decimal(38, 24) COMMENT 'What it costs, in the contract''s currency',
    priority Int32 COMMENT 'Used in this order, low first',
    products Array(String) COMMENT 'Products it may pay; with tags empty too: any',
    tags Array(String) COMMENT 'Product tags it may pay',
    payment LowCardinality(String) COMMENT 'none, or external: granted once its payment is confirmed',
    expires_after_seconds UInt32 COMMENT 'How long the grant lasts; 0 = for ever',
    decided_at DateTime64(3, 'UTC') COMMENT 'When the balance was found under the threshold',
    granted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Since when the grant is effective; null = not granted',
    reason String COMMENT 'Why the payment failed',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the record was made'
)
ENGINE = MergeTree
ORDER BY (customer_id, top_up_id, recorded_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Top-ups, append-only: one record for each state of each; the latest record counts';

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS top_up_id String COMMENT 'The top-up that gives it; empty = its contract does' AFTER void_series;
