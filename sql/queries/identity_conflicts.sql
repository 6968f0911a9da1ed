-- Stored events that must not count: an identity's second event as first sent (the first recorded stands), and
-- whatever an amendment replaced that a kill left standing.
SELECT event_key, event_time, content_hash, revision, if(place > 1, 'conflict', 'amended') AS reason
FROM
(
    SELECT
        event_key, event_time, content_hash, revision,
        max(revision) OVER (PARTITION BY event_key) AS last_revision,
        row_number() OVER (PARTITION BY event_key, revision ORDER BY first_recorded_at, event_time, content_hash) AS place
    FROM
    (
        SELECT event_key, event_time, content_hash, revision, min(recorded_at) AS first_recorded_at
        FROM usage_events
        WHERE NOT conflict
          AND event_key IN
          (
              SELECT event_key
              FROM usage_events
              WHERE recorded_at > {recorded_after:DateTime64(3, 'UTC')} AND recorded_at <= {recorded_until:DateTime64(3, 'UTC')} AND NOT conflict
          )
        GROUP BY event_key, event_time, content_hash, revision
    )
)
WHERE (place > 1 OR revision < last_revision)
  AND (event_key, event_time, content_hash, revision) NOT IN (SELECT event_key, event_time, content_hash, revision FROM superseded_events)
