SELECT count() AS events, min(event_time) AS first, max(event_time) AS last
FROM usage_events
WHERE customer_id IN {customer_ids:Array(String)}
