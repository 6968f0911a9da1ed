SELECT contract_id, customer_id, rate_card, starts_at, ends_at, timezone, billing_interval, anchor_day, grace_seconds, document, recorded_at
FROM contracts
ORDER BY contract_id
