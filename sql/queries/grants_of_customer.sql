SELECT
    customer_id, grant_id, contract_id, unit, amount, paid, priority, effective_at, expires_at, voided_at, products, tags, source,
    recurring_grant_id, parent_grant_id, parent_paid, rollover_fraction, rollover_max, void_from, void_reason, void_series, top_up_id
FROM grant_records FINAL
WHERE customer_id = {customer_id:String} AND NOT withdrawn
ORDER BY effective_at, grant_id
