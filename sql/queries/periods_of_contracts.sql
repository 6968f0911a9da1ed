SELECT contract_id, period_start, period_end, period_id
FROM billing_period_records FINAL
WHERE contract_id IN {contract_ids:Array(String)} AND NOT withdrawn
