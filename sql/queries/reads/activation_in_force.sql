-- The activation by which a version is in force at an instant.
SELECT active_from
FROM rate_card_activations
WHERE version_id = {version_id:UInt32} AND active_from <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
ORDER BY active_from DESC, activation_id DESC
LIMIT 1
