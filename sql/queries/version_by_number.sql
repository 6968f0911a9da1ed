SELECT version_id, content_hash FROM rate_card_versions WHERE rate_card = {rate_card:String} AND version = {version:UInt32}
