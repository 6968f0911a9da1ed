-- Contract, billing period, rate card version and prices for a customer at an instant; version 0 = none is active.
SELECT
    terms.period_id AS period_id, terms.version_id AS version_id, terms.card_version_id AS card_version_id, terms.valid_from AS valid_from, terms.valid_to AS valid_to,
    period.contract_id AS contract_id, period.period_start AS period_start, period.period_end AS period_end, period.timezone AS timezone,
    period.rate_card AS rate_card, version.version AS rate_card_version, version.currency AS currency
FROM terms
INNER JOIN billing_periods AS period ON period.period_id = terms.period_id
LEFT JOIN rate_card_versions AS version ON version.version_id = terms.card_version_id
WHERE terms.customer_id = {customer_id:String}
    AND terms.valid_from <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
    AND terms.valid_to >= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
LIMIT 1
