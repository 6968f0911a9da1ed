SELECT version_id FROM rate_card_versions WHERE rate_card = {rate_card:String} AND version = {version:UInt32}
