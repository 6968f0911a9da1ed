-- Whether a price depends on what came before (tiers, packages, included units): any price, or one of a product in any
-- version.
SELECT count() > 0
FROM price_rows
WHERE model != '' AND NOT per_event
    AND ({product:String} = ''
        OR (version_id, product_number) IN
            (SELECT version_id, product_number FROM rate_card_products WHERE product = {product:String}))
