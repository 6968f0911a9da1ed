-- Every stored revision of an event, as first sent first, and why one that no longer counts does not.
SELECT
    event.event_time AS event_time, event.event_key AS event_key, event.customer_id AS customer_id, event.event_id AS event_id,
    event.event_type AS event_type, event.properties AS properties, event.conflict AS conflict, event.revision AS revision,
    event.recorded_at AS recorded_at, superseded.reason AS superseded_reason, superseded.recorded_at AS superseded_at
FROM
(
    SELECT *
    FROM usage_events
    PREWHERE event_key IN (SELECT reinterpretAsUInt128(sipHash128(arrayJoin({customer_ids:Array(String)}), {event_id:String})))
    WHERE event_id = {event_id:String} AND customer_id IN {customer_ids:Array(String)}
) AS event
LEFT ANY JOIN
(
    SELECT event_key, event_time, content_hash, revision, toString(reason) AS reason, recorded_at
    FROM superseded_events
    WHERE event_key IN (SELECT reinterpretAsUInt128(sipHash128(arrayJoin({customer_ids:Array(String)}), {event_id:String})))
) AS superseded
    ON superseded.event_key = event.event_key AND superseded.event_time = event.event_time
    AND superseded.content_hash = event.content_hash AND superseded.revision = event.revision
ORDER BY conflict, revision, recorded_at
