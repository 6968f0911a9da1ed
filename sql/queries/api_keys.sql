SELECT key_id, salt, key_hash FROM api_keys FINAL WHERE NOT revoked
