-- What events are called, by their keys.
SELECT event_time, event_key, event_id, customer_id, event_type
FROM usage_events
WHERE (event_time, event_key) IN
    (SELECT fromUnixTimestamp64Milli(key.1, 'UTC'), key.2 FROM (SELECT arrayJoin(arrayZip({event_times:Array(Int64)}, {event_keys:Array(UInt128)})) AS key))
    AND NOT conflict
