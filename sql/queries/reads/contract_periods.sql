-- Billing periods of a contract that start in a range.
SELECT
    period_id, contract_id, customer_id, rate_card, timezone, grace_seconds, currency, currency_exponent, has_grants, has_charges, has_true_ups,
    period_start, period_end
FROM billing_periods
WHERE contract_id = {contract_id:String}
    AND period_start >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
    AND period_start < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
