SELECT
    period_id, kind, place, contract_id, charge_id, name, due_at, service_start, service_end, quantity, exact_amount, percent,
    products, tags, counts_fees
FROM charge_records FINAL
WHERE contract_id IN {contract_ids:Array(String)} AND NOT withdrawn
