SELECT grant_id, contract_id, unit, granted, drawn, expired, voided, rolled_over, remaining, effective_at, expires_at, priority, source, place
FROM credit_balances(customer = {customer_id:String}, as_of = fromUnixTimestamp64Milli({as_of:Int64}, 'UTC'))
WHERE place > {after_place:UInt64}
ORDER BY place
LIMIT {limit:UInt32}
