-- By how many percent versions allow revenue to move; no row for one that sets no limit.
SELECT version, max_change_percent
FROM rate_card_versions
WHERE version_id IN {version_ids:Array(UInt32)} AND max_change_percent != ''
