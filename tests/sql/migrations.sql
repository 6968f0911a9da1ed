-- name: old_inbox_view
CREATE MATERIALIZED VIEW usage_inbox_mv TO usage_events AS
SELECT
    event_time, event_key, customer_id, event_id, event_type, properties, content_hash,
    toBool(notEmpty(stored_hashes)) AS conflict, toUInt32(0) AS revision, recorded_at
FROM usage_inbox
LEFT ANY JOIN
(
    SELECT event_time, event_key, groupArray(content_hash) AS stored_hashes
    FROM usage_events
    WHERE (event_time, event_key) IN (SELECT event_time, event_key FROM usage_inbox)
    GROUP BY event_time, event_key
) AS stored USING (event_time, event_key)
WHERE NOT has(stored_hashes, content_hash)
LIMIT 1 BY event_key, event_time, content_hash

-- name: before
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties, recorded_at)
VALUES ('e1', 'c1', 'call', '2026-01-05 12:00:00', map('units', '3'), '2026-01-06 00:00:00'),
    ('e2', 'c1', 'call', '2026-01-05 13:00:00', map('units', '4'), '2026-01-06 00:00:00')

-- name: after
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties)
VALUES ('e1', 'c1', 'call', '2026-01-05 12:00:00', map('units', '3')),
    ('e4', 'c1', 'call', '2026-01-05 13:00:00', map('units', '6'))

-- name: latest
SELECT max(name) FROM schema_migrations

-- name: begin
SELECT after FROM audit_log WHERE sequence = 1 AND action = 'begin'

-- name: old_version
INSERT INTO rate_card_versions (version_id, rate_card, version, content_hash, currency, published_at)
VALUES (1, 'old', 1, 'abc', 'USD', '2026-01-01 00:00:00')

-- name: old_activation
INSERT INTO rate_card_activations (activation_id, rate_card, version_id, active_from, cohort, recorded_at)
VALUES (1, 'old', 1, '2026-01-01 00:00:00', 'all', '2026-01-01 00:00:00')

-- name: old_contract
INSERT INTO contract_records (contract_id, customer_id, rate_card, starts_at, timezone, billing_interval, anchor_day, document, recorded_at)
VALUES ('old-contract', 'old-customer', 'old', '2026-01-01 00:00:00', 'UTC', 'month', 1, '{}', '2026-01-01 00:00:00')

-- name: old_key
INSERT INTO api_keys (key_id, key_hash, salt, name, created_at, revoked)
VALUES ('0123456789ab', 'abc', 'def', 'old', '2026-01-01 00:00:00', false)
