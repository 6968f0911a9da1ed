-- Open contracts whose billing periods end before the horizon.
SELECT
    contract.contract_id AS contract_id, contract.starts_at AS starts_at, contract.ends_at AS ends_at,
    contract.timezone AS timezone, contract.anchor_day AS anchor_day, contract.document AS document, max(period.period_end) AS last_end
FROM contracts AS contract
INNER JOIN (SELECT contract_id, period_end FROM billing_period_records FINAL WHERE NOT withdrawn) AS period ON period.contract_id = contract.contract_id
GROUP BY contract_id, starts_at, ends_at, timezone, anchor_day, document
HAVING last_end < {until:DateTime64(3, 'UTC')} AND (isNull(ends_at) OR ends_at > last_end)
