SELECT key_id, key_hash, salt, name, created_at, revoked FROM api_keys FINAL
