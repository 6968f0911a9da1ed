SELECT
    activation.activation_id AS activation_id, activation.rate_card AS rate_card, version.version AS rate_card_version, activation.active_from AS active_from, activation.cohort AS cohort,
    activation.author AS author, activation.note AS note, activation.forced AS forced, activation.recorded_at AS recorded_at
FROM rate_card_activations AS activation
INNER JOIN rate_card_versions AS version ON version.version_id = activation.version_id
WHERE activation.rate_card = {rate_card:String} AND activation.activation_id < {before_activation_id:UInt64}
ORDER BY activation_id DESC
LIMIT {limit:UInt32}
