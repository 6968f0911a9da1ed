-- Every charge that stands is in a billing period of its contract that stands.
SELECT charge.period_id AS period_id, charge.contract_id AS contract_id, charge.kind AS kind, charge.charge_id AS charge_id
FROM (SELECT period_id, contract_id, kind, charge_id FROM charge_records FINAL WHERE NOT withdrawn) AS charge
LEFT ANTI JOIN (SELECT period_id, contract_id FROM billing_period_records FINAL WHERE NOT withdrawn) AS period
    ON period.period_id = charge.period_id AND period.contract_id = charge.contract_id
LIMIT 100
