SELECT key_id, name, created_at, revoked
FROM api_keys FINAL
WHERE key_id > {after_key_id:String}
ORDER BY key_id
LIMIT {limit:UInt32}
