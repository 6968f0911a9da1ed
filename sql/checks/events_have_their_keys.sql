-- Every stored event has the key of its identity.
SELECT customer_id, event_id, event_key
FROM usage_events
WHERE event_key != reinterpretAsUInt128(sipHash128(customer_id, event_id))
LIMIT 100
