SELECT version_id, version FROM rate_card_versions WHERE rate_card = {rate_card:String} AND content_hash = {hash:String}
