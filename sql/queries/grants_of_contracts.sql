SELECT customer_id, grant_id, contract_id, unit, amount, paid, priority, effective_at, expires_at, voided_at, products, tags, source
FROM grant_records FINAL
WHERE contract_id IN {contract_ids:Array(String)} AND NOT withdrawn
