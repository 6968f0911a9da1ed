-- Who changed prices, contracts and keys: one entry a change, each with the hash of the one before it.

CREATE TABLE IF NOT EXISTS audit_trail
(
    sequence UInt64 COMMENT 'Number of the entry, from 1 and without gaps',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When; the change that the entry tells of has the same time of recording',
    action LowCardinality(String) COMMENT 'What was done',
    actor String COMMENT 'Who did it, as we know it: key:… an API key, user:… who ran the command, runrate itself',
    author String COMMENT 'Who did it, as told',
    note String COMMENT 'Why, as told',
    rate_card String COMMENT 'The card; empty = none',
    rate_card_version UInt32 COMMENT 'The version that was published or put in force; 0 = none',
    contract_ids Array(String) COMMENT 'The contracts that were stored',
    key_id String COMMENT 'The API key that was made or taken back; empty = none',
    content_hash String COMMENT 'SHA-256 over what the version says, or of the contracts document as sent; empty = none',
    cohort String COMMENT 'For whom, JSON; all = everyone; empty = not an activation',
    active_from Nullable(DateTime64(3, 'UTC')) COMMENT 'Events from this instant on; null = not an activation',
    contracts UInt64 COMMENT 'How many contracts it was about when it was made',
    before String COMMENT 'What was there before, JSON',
    after String COMMENT 'What is there now, JSON',
    previous_hash String COMMENT 'entry_hash of the entry before; empty for the first',
    entry_hash String COMMENT 'SHA-256 over all of the above'
)
ENGINE = MergeTree
ORDER BY sequence
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Audit trail, append-only: an entry is written before the change that it tells of';
