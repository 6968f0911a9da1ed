SELECT max(version_id) FROM rate_card_versions
