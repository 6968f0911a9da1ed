-- By how many percent versions allow revenue to move when a new one takes their place; no row for one that sets no limit. What
-- was in force before may come back: a rollback is held to its own limit only.
SELECT version, max_change_percent
FROM rate_card_versions
WHERE version_id IN {version_ids:Array(UInt32)}
    AND max_change_percent != ''
    AND {candidate:UInt32} NOT IN (SELECT version_id FROM rate_card_activations)
