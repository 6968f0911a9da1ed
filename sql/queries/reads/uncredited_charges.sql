SELECT
    period_id, kind, step, place, charge_id, name, percent, quantity, service_start, service_end, exact_amount, amount, usage_amount
FROM uncredited_charges(customer = {customer_id:String})
WHERE period_id IN {period_ids:Array(UInt64)}
ORDER BY period_id, step, place
