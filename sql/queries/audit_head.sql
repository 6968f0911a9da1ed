-- The last entry of the audit trail; no row in a store that has none yet.
SELECT sequence, recorded_at, toString(action) AS action, entry_hash
FROM audit_trail
ORDER BY sequence DESC
LIMIT 1
