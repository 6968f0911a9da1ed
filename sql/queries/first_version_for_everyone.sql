-- The activation for everyone that starts first, and the version that it puts in force.
SELECT activation.active_from AS active_from, version.version AS version
FROM rate_card_activations AS activation
INNER JOIN rate_card_versions AS version ON version.version_id = activation.version_id
WHERE activation.rate_card = {rate_card:String} AND activation.cohort = 'all'
ORDER BY activation.active_from, activation.activation_id DESC
LIMIT 1
