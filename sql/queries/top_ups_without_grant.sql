-- Top-ups that are granted and whose grant is not there: a kill came between the two.
SELECT
    customer_id, top_up_id, contract_id, unit, amount, paid, priority, products, tags, expires_after_seconds, granted_at, recorded_at
FROM top_ups
WHERE state = 'granted' AND (customer_id, top_up_id) NOT IN (SELECT customer_id, grant_id FROM grant_records)
