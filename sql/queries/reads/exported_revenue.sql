-- Revenue entries of several customers, whole, as they are exported.
SELECT day, customer_id, contract_id, category, product, rate_card_version, grant_id, source_id, currency, amount
FROM revenue_entries_of_customers(customers = {customer_ids:Array(String)}, promised_to = {promised_to:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY customer_id, day, contract_id, source_id, category, product, rate_card_version, grant_id
