-- Activations for some customers only that are in force at an instant beside the one for everyone: a new one for
-- everyone from then on takes their place.
SELECT activation.active_from AS active_from, activation.cohort AS cohort, version.version AS version
FROM rate_card_activations AS activation
INNER JOIN rate_card_versions AS version ON version.version_id = activation.version_id
WHERE activation.rate_card = {rate_card:String}
    AND activation.cohort != 'all'
    AND activation.active_from <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
    AND (activation.active_from, activation.activation_id) >
    (
        SELECT max((active_from, activation_id))
        FROM rate_card_activations
        WHERE rate_card = {rate_card:String} AND cohort = 'all' AND active_from <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
    )
ORDER BY activation.active_from, activation.activation_id
