-- The time of recording is the store's to give. Roll-ups and reconcile have come as far as some time of recording, and
-- what came with an earlier one would be passed over: so nobody who inserts by SQL sets it.

ALTER TABLE usage_inbox MODIFY COLUMN recorded_at DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC') COMMENT 'When we learned of it: the view gives it to each block';

CREATE TABLE IF NOT EXISTS usage_batches
(
    event_id String COMMENT 'As in usage_inbox',
    customer_id String COMMENT 'As in usage_inbox',
    event_type LowCardinality(String) COMMENT 'As in usage_inbox',
    event_time DateTime64(3, 'UTC') COMMENT 'As in usage_inbox',
    properties Map(LowCardinality(String), String) COMMENT 'As in usage_inbox',
    recorded_at DateTime64(3, 'UTC') COMMENT 'Time of recording that names the batch: later than all before it',
    valid_until DateTime64(3, 'UTC') DEFAULT toDateTime64('2299-01-01 00:00:00', 3, 'UTC') COMMENT 'A batch that reaches the server later is refused: its time of recording is no longer new',
    event_key UInt128 MATERIALIZED reinterpretAsUInt128(sipHash128(customer_id, event_id)) COMMENT 'As in usage_inbox',
    content_hash UInt64 MATERIALIZED cityHash64(event_type, mapSort(properties)) COMMENT 'As in usage_inbox',
    CONSTRAINT event_id_is_given CHECK event_id != '',
    CONSTRAINT customer_id_is_given CHECK customer_id != '',
    CONSTRAINT event_time_is_in_2015_to_2099 CHECK event_time >= toDateTime64('2015-01-01 00:00:00', 3, 'UTC') AND event_time < toDateTime64('2100-01-01 00:00:00', 3, 'UTC'),
    CONSTRAINT batch_came_in_time CHECK now64(3, 'UTC') <= valid_until
)
ENGINE = Null
COMMENT 'The API''s own way in; everyone else inserts into usage_inbox. Nothing is kept: a view stores what is new in usage_events';
