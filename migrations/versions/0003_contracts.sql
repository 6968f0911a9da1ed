-- Customers, contracts, their billing periods and credit grants.

CREATE TABLE IF NOT EXISTS customer_records
(
    customer_id String COMMENT 'The customer',
    name String COMMENT 'Its name',
    attributes Map(String, String) COMMENT 'What cohorts can ask about',
    aliases Array(String) COMMENT 'Other ids under which events may come',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY customer_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Customers; the latest record counts';

CREATE TABLE IF NOT EXISTS contract_records
(
    contract_id String COMMENT 'The contract',
    customer_id String COMMENT 'Its customer',
    rate_card String COMMENT 'The card that prices it',
    starts_at DateTime64(3, 'UTC') COMMENT 'Start, inclusive',
    ends_at Nullable(DateTime64(3, 'UTC')) COMMENT 'End, exclusive; null = open',
    timezone String COMMENT 'IANA time zone of its billing periods',
    billing_interval LowCardinality(String) COMMENT 'month',
    anchor_day UInt8 COMMENT 'Day of the month on which a period starts',
    grace_seconds UInt32 COMMENT 'Time after a period''s end before it may become final',
    document String COMMENT 'The contract as stored, JSON',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY contract_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Contracts; the latest record counts';

CREATE TABLE IF NOT EXISTS billing_period_records
(
    contract_id String COMMENT 'The contract',
    period_start DateTime64(3, 'UTC') COMMENT 'Start, inclusive',
    period_end DateTime64(3, 'UTC') COMMENT 'End, exclusive',
    period_id UInt64 COMMENT 'Number of the period over all contracts; kept when the contract is stored again',
    withdrawn Bool COMMENT 'True: the contract no longer has this period',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (contract_id, period_start)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Billing periods as rows, so that no query computes a boundary';

CREATE TABLE IF NOT EXISTS grant_records
(
    customer_id String COMMENT 'The customer',
    grant_id String COMMENT 'The grant',
    contract_id String COMMENT 'The contract that gives it',
    unit String COMMENT 'Currency or custom unit',
    amount Decimal(38, 24) COMMENT 'Units granted',
    paid Decimal(38, 24) COMMENT 'What it cost, in the contract''s currency',
    priority Int32 COMMENT 'Used in this order, low first',
    effective_at DateTime64(3, 'UTC') COMMENT 'Start, inclusive',
    expires_at Nullable(DateTime64(3, 'UTC')) COMMENT 'End, exclusive; null = never',
    voided_at Nullable(DateTime64(3, 'UTC')) COMMENT 'From when it is void; null = never',
    products Array(String) COMMENT 'Products it may pay; with tags empty too: any',
    tags Array(String) COMMENT 'Product tags it may pay',
    source LowCardinality(String) COMMENT 'purchase, bonus, promotion, commit, top_up or rollover',
    withdrawn Bool COMMENT 'True: the contract no longer gives it',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (customer_id, grant_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Credit grants; the latest record counts';

CREATE TABLE IF NOT EXISTS api_keys
(
    key_id String COMMENT 'Public part of the key',
    key_hash String COMMENT 'Hash of the secret part',
    salt String COMMENT 'Salt of the hash',
    name String COMMENT 'What it is for',
    created_at DateTime64(3, 'UTC') COMMENT 'When it was made',
    revoked Bool COMMENT 'True: no longer accepted'
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY key_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'API keys; secrets are never stored';
