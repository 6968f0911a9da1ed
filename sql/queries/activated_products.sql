-- Products of every version of a card that was ever activated, and of one more, with the rules that meter them.
SELECT
    product.version_id AS version_id, product.product_number AS product_number, product.product AS product,
    toString(product.aggregation) AS aggregation, version.shape_id AS shape_id
FROM rate_card_products AS product
INNER JOIN (SELECT version_id, shape_id FROM rate_card_versions) AS version ON version.version_id = product.version_id
WHERE product.version_id IN (SELECT version_id FROM rate_card_activations WHERE rate_card = {rate_card:String})
    OR product.version_id = {version_id:UInt32}
