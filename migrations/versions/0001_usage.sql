-- Usage: the inbox, the stored events, the rating ledger and its hourly sums.

CREATE TABLE IF NOT EXISTS usage_inbox
(
    event_id String COMMENT 'The sender''s id of the event; with customer_id its identity for ever',
    customer_id String COMMENT 'The customer, or one of its aliases, as sent',
    event_type LowCardinality(String) COMMENT 'What happened, for example llm.request',
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened; what it is billed by',
    properties Map(LowCardinality(String), String) COMMENT 'Everything else the sender says, as text',
    recorded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When we learned of it',
    event_key UInt128 MATERIALIZED reinterpretAsUInt128(sipHash128(customer_id, event_id)) COMMENT 'Hash of the identity',
    content_hash UInt64 MATERIALIZED cityHash64(event_type, mapSort(properties)) COMMENT 'Hash of type and properties, whatever their order',
    CONSTRAINT event_id_is_given CHECK event_id != '',
    CONSTRAINT customer_id_is_given CHECK customer_id != '',
    CONSTRAINT event_time_is_in_2015_to_2099 CHECK event_time >= toDateTime64('2015-01-01 00:00:00', 3, 'UTC') AND event_time < toDateTime64('2100-01-01 00:00:00', 3, 'UTC')
)
ENGINE = Null
COMMENT 'Insert usage events here. Nothing is kept: a view stores what is new in usage_events';

CREATE TABLE IF NOT EXISTS usage_events
(
    event_time DateTime64(3, 'UTC') CODEC(Delta, LZ4) COMMENT 'When it happened; what it is billed by',
    event_key UInt128 CODEC(NONE) COMMENT 'Hash of (customer_id, event_id)',
    customer_id String COMMENT 'The customer, or one of its aliases, as sent',
    event_id String COMMENT 'The sender''s id of the event',
    event_type LowCardinality(String) COMMENT 'What happened',
    properties Map(LowCardinality(String), String) COMMENT 'Everything else the sender said, as text',
    content_hash UInt64 CODEC(NONE) COMMENT 'Hash of type and properties',
    conflict Bool COMMENT 'True: the identity was stored before with other content; kept, never billed',
    revision UInt32 COMMENT '0 = as first sent; n = the n-th amendment',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When we learned of it',
    INDEX recorded_at_range recorded_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (event_time, event_key)
-- A base of 10 in place of 5 halves what merges write: inserts are in big blocks, and reads bear a few parts more.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, merge_selector_base = 10
COMMENT 'Every distinct event as it came. The source of truth: all else can be rebuilt from it';

CREATE TABLE IF NOT EXISTS superseded_events
(
    event_key UInt128 COMMENT 'Hash of (customer_id, event_id)',
    event_time DateTime64(3, 'UTC') COMMENT 'The stored event''s time',
    content_hash UInt64 COMMENT 'The stored event''s content',
    revision UInt32 COMMENT 'The stored event''s revision',
    reason Enum8('amended' = 3, 'voided' = 4, 'conflict' = 5) COMMENT 'Why this stored event no longer counts',
    recorded_at DateTime64(3, 'UTC') COMMENT 'Since when we know'
)
ENGINE = MergeTree
ORDER BY (event_key, event_time)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Stored events that no longer count: replaced, voided, or second under an identity';

CREATE TABLE IF NOT EXISTS rated_usage
(
    sign Int8 COMMENT '+1 adds the entry, -1 takes an earlier one back',
    reason Enum8('rated' = 1, 'rerated' = 2, 'amended' = 3, 'voided' = 4, 'conflict' = 5) COMMENT 'Why the entry was made',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the entry was made',
    event_time DateTime64(3, 'UTC') COMMENT 'The event''s time',
    event_key UInt128 CODEC(NONE) COMMENT 'The event: hash of (customer_id, event_id)',
    period_id UInt64 COMMENT 'The billing period, and by it contract and customer; 0 = none',
    price_id UInt64 COMMENT 'The price row, and by it rate card version, product and dimensions; 0 = none',
    dimensions LowCardinality(String) COMMENT 'Actual dimension and display values where the price row does not say them (a "*" row, a display dimension); else empty',
    quantity Decimal(38, 9) COMMENT 'Metered units',
    unit_price Decimal(38, 15) COMMENT 'Price of one unit in the product''s unit; 0 where the price depends on position (tiers, packages)',
    unrated Enum8('' = 0, 'unknown_customer' = 1, 'no_contract' = 2, 'no_rate_card' = 3, 'no_matching_product' = 4, 'bad_quantity' = 5, 'unpriced_dimension' = 6, 'amount_out_of_range' = 7, 'not_entitled' = 8) COMMENT 'Why the event, or the event and product, has no price; empty = rated',
    amount Decimal(38, 24) ALIAS toDecimal128(toDecimal256(quantity, 9) * unit_price, 24) COMMENT 'quantity × unit_price, exact',
    INDEX recorded_at_range recorded_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (period_id, price_id, event_time, event_key)
SETTINGS merge_selector_base = 10
COMMENT 'The rating ledger: append-only and signed. The net of an event''s entries is its rating now';

CREATE TABLE IF NOT EXISTS usage_hourly
(
    period_id UInt64 COMMENT 'The billing period',
    price_id UInt64 COMMENT 'The price row',
    dimensions LowCardinality(String) COMMENT 'As in rated_usage',
    hour DateTime('UTC') COMMENT 'Start of the hour of event time',
    rollup_id UInt64 COMMENT 'The roll-up that made the row; it counts once usage_rollups holds it',
    quantity Decimal(38, 9) COMMENT 'Net metered units of the hour',
    events Int64 COMMENT 'Net events of the hour'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (period_id, price_id, dimensions, hour, rollup_id)
COMMENT 'Hourly sums of the ledger up to each period''s roll-up; the rest is read from the ledger';

CREATE TABLE IF NOT EXISTS usage_rollups
(
    period_id UInt64 COMMENT 'The billing period',
    rollup_id UInt64 COMMENT 'Number of the roll-up, rising',
    rolled_until DateTime64(3, 'UTC') COMMENT 'Ledger entries of the period recorded up to here are in usage_hourly',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was made'
)
ENGINE = MergeTree
ORDER BY (period_id, rollup_id)
COMMENT 'Which roll-ups count';

CREATE TABLE IF NOT EXISTS ingest_batch
(
    place UInt64 COMMENT 'Row in the batch',
    event_id String COMMENT 'As in usage_inbox',
    customer_id String COMMENT 'As in usage_inbox',
    event_type LowCardinality(String) COMMENT 'As in usage_inbox',
    event_time DateTime64(3, 'UTC') COMMENT 'As in usage_inbox',
    properties Map(LowCardinality(String), String) COMMENT 'As in usage_inbox',
    event_key UInt128 DEFAULT reinterpretAsUInt128(sipHash128(customer_id, event_id)) COMMENT 'As in usage_inbox',
    content_hash UInt64 DEFAULT cityHash64(event_type, mapSort(properties)) COMMENT 'As in usage_inbox'
)
ENGINE = Memory
COMMENT 'The batch whose events the writer is asking about; empty otherwise';
