-- Of the events under one identity, at most one counts.
SELECT event_key, count() AS counting
FROM
(
    SELECT DISTINCT event_key, event_time, content_hash, revision
    FROM usage_events
    WHERE NOT conflict
      AND (event_key, event_time, content_hash, revision) NOT IN (SELECT event_key, event_time, content_hash, revision FROM superseded_events)
)
GROUP BY event_key
HAVING counting > 1
LIMIT 100
