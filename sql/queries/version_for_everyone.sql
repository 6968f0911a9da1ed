-- The version in force for everyone at an instant; no row where none is. The latest start wins, then the later activation.
SELECT version.version AS version, version.document AS document
FROM rate_card_activations AS activation
INNER JOIN rate_card_versions AS version ON version.version_id = activation.version_id
WHERE activation.rate_card = {rate_card:String}
    AND activation.cohort = 'all'
    AND activation.active_from <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
ORDER BY activation.active_from DESC, activation.activation_id DESC
LIMIT 1
