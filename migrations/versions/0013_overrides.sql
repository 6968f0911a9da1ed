-- Contract overrides: which hold for a contract when, and the prices that they make of a rate card version.

CREATE TABLE IF NOT EXISTS override_sets
(
    set_hash String COMMENT 'SHA-256 over the overrides; contracts with equal terms share it',
    overrides String COMMENT 'The overrides that are in force together, in the contract''s order, JSON',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY set_hash
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Sets of overrides that are in force together';

CREATE TABLE IF NOT EXISTS override_slices
(
    contract_id String COMMENT 'The contract',
    slice_start DateTime64(3, 'UTC') COMMENT 'From this instant on, until the contract''s next slice',
    set_hash String COMMENT 'The overrides that hold; empty = none',
    withdrawn Bool COMMENT 'True: the contract no longer has this slice',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (contract_id, slice_start)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Which overrides hold for a contract from when; the latest record counts';

CREATE TABLE IF NOT EXISTS price_variants
(
    variant_id UInt32 COMMENT 'Number of the variant, among those of rate card versions',
    version_id UInt32 COMMENT 'The version whose prices it follows',
    set_hash String COMMENT 'The overrides that make it',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was made'
)
ENGINE = MergeTree
ORDER BY variant_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'A rate card version under a set of overrides: it has products and prices of its own; it counts once it is here';

CREATE TABLE IF NOT EXISTS overridden_prices
(
    price_id UInt64 COMMENT 'The price row of a variant',
    list_price_id UInt64 COMMENT 'The price row of the version that it follows or replaces',
    override_number UInt32 COMMENT 'Which override of the set made it, from 1'
)
ENGINE = MergeTree
ORDER BY price_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Prices of variants that an override made; the other prices of a variant are the version''s';
