CREATE TABLE raw_events_by_customer
(
    event_id String,
    customer_id String,
    event_type LowCardinality(String),
    event_time DateTime64(3, 'UTC'),
    properties Map(LowCardinality(String), String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (customer_id, event_type, event_time)
