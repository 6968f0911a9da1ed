-- Combinations of a version that have several price rows: a look-up would find any of them.
SELECT any(product.product) AS product, any(price.dimensions) AS values, count() AS price_rows, count() OVER () AS combinations
FROM price_rows AS price
INNER JOIN rate_card_products AS product ON product.version_id = price.version_id AND product.product_number = price.product_number
WHERE price.version_id = {version_id:UInt32} AND price.model != ''
GROUP BY price.product_number, price.dimension_key
HAVING count() > 1
ORDER BY product, values
LIMIT 10
