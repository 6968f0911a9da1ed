SELECT count() FROM api_keys
