-- By how much revenue may move when what takes a version's place is activated: also where that no longer says it.

ALTER TABLE rate_card_versions ADD COLUMN IF NOT EXISTS max_change_percent String COMMENT 'The gate of its replay, in percent; empty = no limit, or published before this was kept' AFTER meters;
