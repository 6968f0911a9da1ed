SELECT
    customer_id, top_up_id, contract_id, number, state, unit, threshold, balance, amount, paid, payment, decided_at, granted_at, reason
FROM top_ups
WHERE customer_id = {customer_id:String} AND (contract_id, number) > ({after_contract_id:String}, {after_number:UInt32})
ORDER BY contract_id, number
LIMIT {limit:UInt32}
