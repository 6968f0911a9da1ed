SELECT period_id, product, grant_id, unit, units, exact_amount, amount
FROM credit_lines(customer = {customer_id:String})
WHERE period_id IN {period_ids:Array(UInt64)}
ORDER BY period_id, product, grant_place
