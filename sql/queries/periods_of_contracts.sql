-- With the withdrawn ones: a period that comes back keeps its number, which ledger entries name.
SELECT contract_id, period_start, period_end, period_id, withdrawn
FROM billing_period_records FINAL
WHERE contract_id IN {contract_ids:Array(String)}
