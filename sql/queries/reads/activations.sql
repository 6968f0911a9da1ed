-- A card's activations, the latest made first, each with whether one that started later, or with it and made later, has
-- taken its place: one for everyone, or for the same cohort.
WITH
    fromUnixTimestamp64Milli({now:Int64}, 'UTC') AS now,
    made AS
    (
        SELECT
            activation.*,
            max(if(active_from <= now AND cohort = 'all', (active_from, activation_id), earliest)) OVER () AS last_for_everyone,
            max(if(active_from <= now, (active_from, activation_id), earliest)) OVER (PARTITION BY cohort) AS last_for_cohort,
            (toDateTime64('1970-01-01 00:00:00', 3, 'UTC'), toUInt64(0)) AS earliest
        FROM rate_card_activations AS activation
        WHERE activation.rate_card = {rate_card:String}
    )
SELECT
    made.activation_id AS activation_id, made.rate_card AS rate_card, version.version AS rate_card_version, made.active_from AS active_from, made.cohort AS cohort,
    multiIf(
        made.active_from > now, 'scheduled',
        (made.active_from, made.activation_id) < greatest(made.last_for_everyone, made.last_for_cohort), 'superseded',
        'in_force') AS state,
    made.author AS author, made.note AS note, made.forced AS forced, made.recorded_at AS recorded_at
FROM made
INNER JOIN rate_card_versions AS version ON version.version_id = made.version_id
WHERE made.activation_id < {before_activation_id:UInt64}
ORDER BY activation_id DESC
LIMIT {limit:UInt32}
