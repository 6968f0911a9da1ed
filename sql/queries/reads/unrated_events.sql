SELECT customer_id, event_id, event_type, event_time, product, quantity, unrated, recorded_at
FROM unrated_usage
WHERE ({customer_id:String} = '' OR customer_id = {customer_id:String})
    AND ({reason:String} = '' OR unrated = {reason:String})
    AND (event_time, customer_id, event_id, product) > (fromUnixTimestamp64Milli({after_time:Int64}, 'UTC'), {after_customer_id:String}, {after_event_id:String}, {after_product:String})
ORDER BY event_time, customer_id, event_id, product
LIMIT {limit:UInt32}
