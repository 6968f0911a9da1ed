SELECT contract_id, customer_id, rate_card, starts_at, ends_at, timezone, billing_interval, anchor_day, grace_seconds, document, recorded_at
FROM contracts
WHERE contract_id > {after_contract_id:String}
    AND ({customer_id:String} = '' OR customer_id = {customer_id:String})
    AND ({contract_id:String} = '' OR contract_id = {contract_id:String})
ORDER BY contract_id
LIMIT {limit:UInt32}
