SELECT at, rank, type, grant_id, contract_id, unit, units, product, period_id, rate_card_version, related_grant_id, reason
FROM credit_ledger(customer = {customer_id:String}, as_of = fromUnixTimestamp64Milli({as_of:Int64}, 'UTC'))
WHERE (at, rank, grant_id, product, rate_card_version, period_id)
    > (fromUnixTimestamp64Milli({after_at:Int64}, 'UTC'), {after_rank:UInt8}, {after_grant_id:String}, {after_product:String}, {after_version:UInt32}, {after_period_id:UInt64})
ORDER BY at, rank, grant_id, product, rate_card_version, period_id
LIMIT {limit:UInt32}
