-- A customer's revenue entries of a range of days, from after a position on.
SELECT day, customer_id, contract_id, category, product, rate_card_version, grant_id, source_id, currency, amount
FROM revenue_entries(customer = {customer_id:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
WHERE (day, contract_id, source_id, category, product, rate_card_version, grant_id)
    > (toDate({after_day:String}), {after_contract_id:String}, {after_source_id:String}, {after_category:String}, {after_product:String},
       {after_version:UInt32}, {after_grant_id:String})
ORDER BY day, contract_id, source_id, category, product, rate_card_version, grant_id
LIMIT {limit:UInt32}
