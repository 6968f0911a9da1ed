-- name: actions
SELECT action, interrupted, rate_card_version FROM audit_log ORDER BY sequence
