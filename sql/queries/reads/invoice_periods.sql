-- Billing periods that have begun, the latest first.
SELECT
    period.period_id AS period_id, period.contract_id AS contract_id, period.customer_id AS customer_id,
    period.timezone AS timezone, period.grace_seconds AS grace_seconds, period.period_start AS period_start, period.period_end AS period_end,
    version.currency AS currency, version.currency_exponent AS currency_exponent
FROM billing_periods AS period
LEFT JOIN
(
    SELECT rate_card, argMax(currency, version) AS currency, argMax(currency_exponent, version) AS currency_exponent
    FROM rate_card_versions
    GROUP BY rate_card
) AS version ON version.rate_card = period.rate_card
WHERE ({customer_id:String} = '' OR period.customer_id = {customer_id:String})
    AND ({contract_id:String} = '' OR period.contract_id = {contract_id:String})
    AND period.period_start >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
    AND period.period_start < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND ({after_contract_id:String} = ''
        OR period.period_start < fromUnixTimestamp64Milli({after_start:Int64}, 'UTC')
        OR (period.period_start = fromUnixTimestamp64Milli({after_start:Int64}, 'UTC') AND period.contract_id > {after_contract_id:String}))
ORDER BY period.period_start DESC, period.contract_id
LIMIT {limit:UInt32}
