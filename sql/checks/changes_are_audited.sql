-- Every version and every activation since the audit trail began is as an entry says, and every entry has its change.
WITH
    entries AS
    (
        SELECT
            recorded_at, if(action = 'publish', 'version', 'activation') AS change, rate_card, rate_card_version,
            if(action = 'publish', content_hash, cohort) AS told, active_from
        FROM audit_log
        WHERE NOT interrupted AND action IN ('publish', 'activate', 'schedule', 'rollback', 'set')
    ),
    changes AS
    (
        SELECT
            published_at AS recorded_at, 'version' AS change, rate_card, version AS rate_card_version,
            content_hash AS told, CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS active_from
        FROM rate_card_versions
        UNION ALL
        SELECT
            activation.recorded_at, 'activation', any(activation.rate_card), any(version.version),
            any(activation.cohort), toNullable(min(activation.active_from))
        FROM rate_card_activations AS activation
        INNER JOIN (SELECT version_id, version FROM rate_card_versions) AS version ON version.version_id = activation.version_id
        GROUP BY activation.recorded_at
    )
SELECT
    recorded_at, change, rate_card, rate_card_version, told, active_from,
    if(sum(in_trail) > 0, 'only the trail has it', 'the trail does not have it') AS problem
FROM
(
    SELECT *, 1 AS in_trail FROM entries
    UNION ALL
    SELECT *, 0 AS in_trail FROM changes
)
WHERE recorded_at > (SELECT min(recorded_at) FROM audit_trail)
    -- The next entry will tell whether the last one's change was interrupted.
    AND NOT (recorded_at = (SELECT max(recorded_at) FROM audit_trail) AND recorded_at NOT IN (SELECT recorded_at FROM changes))
GROUP BY recorded_at, change, rate_card, rate_card_version, told, active_from
HAVING sum(in_trail) != sum(1 - in_trail)
ORDER BY recorded_at
LIMIT 100
