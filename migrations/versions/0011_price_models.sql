-- Prices of a period, of single events and of lines, and meters whose parts do not add up.

ALTER TABLE rate_card_products ADD COLUMN IF NOT EXISTS aggregation LowCardinality(String) DEFAULT 'sum' COMMENT 'What the meter makes of a period''s values' AFTER meter;

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS from_events Bool COMMENT 'True: quantity or amount follow from the single events in time order; hourly sums do not do' AFTER per_event;

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS standing Bool COMMENT 'True: charged in each period, with usage or without' AFTER from_events;

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS flat_amount Decimal(38, 15) COMMENT 'Amount due once a period';

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS fixed_amount_per_event Decimal(38, 15) COMMENT 'Amount due for each event';

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS free_events Nullable(UInt64) COMMENT 'The first events of a period that are free; null = no such limit';

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS free_total_value Nullable(Decimal(38, 9)) COMMENT 'Value of a period''s events that is free; null = no such limit';

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS min_amount_per_event Nullable(Decimal(38, 15)) COMMENT 'Least amount of an event';

ALTER TABLE price_rows ADD COLUMN IF NOT EXISTS max_amount_per_event Nullable(Decimal(38, 15)) COMMENT 'Greatest amount of an event';

CREATE TABLE IF NOT EXISTS billing_marks
(
    begun_until DateTime64(3, 'UTC') COMMENT 'Billing periods that start up to here have begun',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the mark was set'
)
ENGINE = MergeTree
ORDER BY begun_until
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Up to when billing periods have begun: only those owe what is due without usage, so no read asks the clock';
