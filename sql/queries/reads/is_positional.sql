-- Whether a price of a product, in any version, depends on what came before (tiers, packages, included units).
SELECT countIf(NOT price.per_event) > 0
FROM price_rows AS price
INNER JOIN rate_card_products AS product ON product.version_id = price.version_id AND product.product_number = price.product_number
WHERE product.product = {product:String} AND price.model != ''
