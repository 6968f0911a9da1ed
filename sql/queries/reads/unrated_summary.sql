SELECT unrated, product, count() AS entries, uniqExact(customer_id) AS customers, min(event_time) AS first_event_time, max(event_time) AS last_event_time
FROM unrated_usage
WHERE ({customer_id:String} = '' OR customer_id = {customer_id:String})
GROUP BY unrated, product
HAVING (toString(unrated), product) > ({after_reason:String}, {after_product:String})
ORDER BY unrated, product
LIMIT {limit:UInt32}
