-- What billing periods are charged by their contracts beside usage, and let off.

CREATE TABLE IF NOT EXISTS charge_records
(
    period_id UInt64 COMMENT 'The billing period',
    kind LowCardinality(String) COMMENT 'fee, discount, minimum, commit (an instalment) or true_up (what a postpaid commit comes to at least)',
    place UInt32 COMMENT 'Place within period and kind, from 1; discounts in the order in which they are taken',
    contract_id String COMMENT 'The contract',
    charge_id String COMMENT 'The contract''s fee or commit, or the discount''s number in it',
    name String COMMENT 'What the line is called',
    due_at DateTime64(3, 'UTC') COMMENT 'On the invoice from here on',
    service_start DateTime64(3, 'UTC') COMMENT 'Start of what is charged, inclusive',
    service_end DateTime64(3, 'UTC') COMMENT 'End of what is charged, exclusive; the start, where it is one instant',
    quantity Decimal(38, 9) COMMENT 'How many; of a prorated fee its share of the interval, to 9 decimals',
    exact_amount Decimal(38, 24) COMMENT 'In the card''s currency, rounded half-even to 24 decimals once; 0 for a percentage',
    percent Decimal(38, 9) COMMENT 'Of a discount without an amount; else 0',
    products Array(String) COMMENT 'Products that a discount is for; with tags empty too: all',
    tags Array(String) COMMENT 'Product tags that a discount is for',
    counts_fees Bool COMMENT 'True: fees count towards the minimum',
    withdrawn Bool COMMENT 'True: the contract no longer has it',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (period_id, kind, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Fees, discounts, minimums and commits as rows by billing period, so that no query computes a boundary or a share of an interval';
