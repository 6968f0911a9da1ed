-- What reconcile still has to look at.

CREATE TABLE IF NOT EXISTS reconcile_requests
(
    request_id UInt64 COMMENT 'Number of the request, rising',
    range_start DateTime64(3, 'UTC') COMMENT 'Event time from, inclusive',
    range_end DateTime64(3, 'UTC') COMMENT 'Event time to, exclusive',
    cause String COMMENT 'What changed',
    done Bool COMMENT 'True: the ledger says what the rating expression says',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the record was made'
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY request_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Ranges to re-rate, written before the change that asks for it, so that a kill in between is made good at start';

CREATE TABLE IF NOT EXISTS reconcile_marks
(
    recorded_until DateTime64(3, 'UTC') COMMENT 'Events recorded up to here were compared with the ledger',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When'
)
ENGINE = MergeTree
ORDER BY recorded_at
COMMENT 'How far reconcile has come';
