SELECT *
FROM usage_events
WHERE event_time >= {range_start:DateTime64(3, 'UTC')} AND event_time < {range_end:DateTime64(3, 'UTC')}
  AND NOT conflict
  AND (event_key, event_time, content_hash, revision) NOT IN
  (
      SELECT event_key, event_time, content_hash, revision
      FROM superseded_events
      WHERE event_time >= {range_start:DateTime64(3, 'UTC')} AND event_time < {range_end:DateTime64(3, 'UTC')}
  )
LIMIT 1 BY event_time, event_key, content_hash, revision
