-- The activation that takes the place of one for a cohort: the next for everyone or for the same cohort that starts after
-- an instant, or that starts with it and was made later. Of several that start together the last made counts.
SELECT activation.active_from AS active_from, version.version AS version
FROM rate_card_activations AS activation
INNER JOIN rate_card_versions AS version ON version.version_id = activation.version_id
WHERE activation.rate_card = {rate_card:String}
    AND activation.cohort IN ('all', {cohort:String})
    AND (activation.active_from, activation.activation_id) > (fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {activation_id:UInt64})
ORDER BY activation.active_from, activation.activation_id DESC
LIMIT 1
