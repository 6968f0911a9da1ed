SELECT
    customer_id, top_up_id, contract_id, number, state, unit, threshold, balance, amount, paid, priority, products, tags, payment,
    expires_after_seconds, decided_at, granted_at, reason
FROM top_ups
WHERE customer_id = {customer_id:String} AND top_up_id = {top_up_id:String}
