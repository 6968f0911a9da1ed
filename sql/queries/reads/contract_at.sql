-- The contract in force at an instant, else the one that started last before it, else the first to start.
SELECT contract_id, customer_id, rate_card, timezone, starts_at, ends_at
FROM contracts
WHERE customer_id = {customer_id:String}
ORDER BY
    starts_at <= fromUnixTimestamp64Milli({at:Int64}, 'UTC') DESC,
    if(starts_at <= fromUnixTimestamp64Milli({at:Int64}, 'UTC'), toUnixTimestamp64Milli(starts_at), -toUnixTimestamp64Milli(starts_at)) DESC
LIMIT 1
