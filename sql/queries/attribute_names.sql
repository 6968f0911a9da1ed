-- The attributes that some customer has.
SELECT DISTINCT arrayJoin(mapKeys(attributes)) AS name
FROM customer_records FINAL
ORDER BY name
LIMIT 1000
