SELECT customer_id, name, attributes, aliases, recorded_at
FROM customers
WHERE customer_id > {after_customer_id:String} AND ({customer_id:String} = '' OR customer_id = {customer_id:String} OR has(aliases, {customer_id:String}))
ORDER BY customer_id
LIMIT {limit:UInt32}
