-- The clocks of contracts' time zones, so that no query needs to know a calendar: which day of a contract an instant is in.

CREATE TABLE IF NOT EXISTS time_zone_offsets
(
    timezone String COMMENT 'IANA time zone',
    valid_from DateTime64(3, 'UTC') COMMENT 'From this instant on',
    offset_seconds Int32 COMMENT 'Local time less UTC'
)
ENGINE = ReplacingMergeTree
ORDER BY (timezone, valid_from)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The clock changes of the time zones that contracts have, from 2015 to 2100';
