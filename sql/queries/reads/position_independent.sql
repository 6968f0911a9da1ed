-- Whether every price of a product, in all its versions, is the same for every unit whatever came before.
SELECT count() = countIf(price.per_event) AS independent
FROM price_rows AS price
INNER JOIN rate_card_products AS product ON product.version_id = price.version_id AND product.product_number = price.product_number
WHERE product.product = {product:String} AND price.model != ''
