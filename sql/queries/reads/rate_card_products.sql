SELECT product, name, meter, metered_unit, unit, unit_value, toString(model) AS model, toString(tier_continuity) AS tier_continuity, toString(tiers_over) AS tiers_over, tags, dimension_names, show_names
FROM rate_card_products
WHERE version_id = {version_id:UInt32}
ORDER BY product_number
