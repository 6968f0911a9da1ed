-- Billing periods that have begun, the latest first.
SELECT
    period_id, contract_id, customer_id, rate_card, timezone, grace_seconds, currency, currency_exponent, has_grants, has_charges, has_true_ups,
    period_start, period_end
FROM billing_periods
WHERE ({customer_id:String} = '' OR customer_id = {customer_id:String})
    AND ({contract_id:String} = '' OR contract_id = {contract_id:String})
    AND period_start >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
    AND period_start < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND ({after_contract_id:String} = ''
        OR period_start < fromUnixTimestamp64Milli({after_start:Int64}, 'UTC')
        OR (period_start = fromUnixTimestamp64Milli({after_start:Int64}, 'UTC') AND contract_id > {after_contract_id:String}))
ORDER BY period_start DESC, contract_id
LIMIT {limit:UInt32}
