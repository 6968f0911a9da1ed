SELECT product, unit, tags FROM rate_card_products WHERE version_id = {version_id:UInt32}
