SELECT
    event_time, event_key, event_type, properties, content_hash, revision,
    (SELECT max(revision) FROM usage_events WHERE event_key = reinterpretAsUInt128(sipHash128({customer_id:String}, {event_id:String}))) AS last_revision
FROM usage_events
WHERE event_key = reinterpretAsUInt128(sipHash128({customer_id:String}, {event_id:String}))
  AND NOT conflict
  AND (event_key, event_time, content_hash, revision) NOT IN (SELECT event_key, event_time, content_hash, revision FROM superseded_events)
ORDER BY revision DESC, recorded_at
LIMIT 1
