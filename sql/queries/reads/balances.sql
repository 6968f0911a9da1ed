SELECT grant_id, contract_id, unit, granted, drawn, expired, voided, remaining, effective_at, expires_at, priority, source
FROM credit_balances(customer = {customer_id:String}, as_of = fromUnixTimestamp64Milli({as_of:Int64}, 'UTC'))
WHERE grant_id > {after_grant_id:String}
ORDER BY grant_id
LIMIT {limit:UInt32}
