-- Prices of a version or a variant (0 = any) by id, or some of them; with what overrides made them.
SELECT
    price.price_id AS price_id, product.product AS product, mapFromArrays(product.dimension_names, price.dimensions) AS dimensions,
    product.unit AS unit, product.metered_unit AS metered_unit, toString(price.model) AS model, price.unit_amount AS unit_amount,
    price.tier_up_to AS tier_up_to, price.tier_unit_amount AS tier_unit_amount, price.tier_flat_amount AS tier_flat_amount,
    price.package_size AS package_size, price.package_amount AS package_amount, price.free_units AS free_units, price.included AS included,
    price.flat_amount AS flat_amount, price.fixed_amount_per_event AS fixed_amount_per_event, price.free_events AS free_events,
    price.free_total_value AS free_total_value, price.min_amount_per_event AS min_amount_per_event, price.max_amount_per_event AS max_amount_per_event,
    price.minimum_spend AS minimum_spend, price.maximum_spend AS maximum_spend,
    overridden.list_price_id AS list_price_id, overridden.override_number AS override_number, variant.set_hash AS set_hash
FROM price_rows AS price
INNER JOIN rate_card_products AS product ON product.version_id = price.version_id AND product.product_number = price.product_number
LEFT ANY JOIN
(
    SELECT price_id, list_price_id, override_number
    FROM overridden_prices
    WHERE intDiv(price_id, 4294967296) = {version_id:UInt32} AND price_id > {after_price_id:UInt64}
) AS overridden ON overridden.price_id = price.price_id
LEFT ANY JOIN (SELECT variant_id, set_hash FROM price_variants WHERE variant_id = {version_id:UInt32}) AS variant ON variant.variant_id = price.version_id
WHERE ({version_id:UInt32} = 0 OR price.version_id = {version_id:UInt32})
    AND (empty({price_ids:Array(UInt64)}) OR price.price_id IN {price_ids:Array(UInt64)})
    AND price.price_id > {after_price_id:UInt64}
    AND price.model != ''
    AND ({product:String} = '' OR product.product = {product:String})
ORDER BY price_id
LIMIT {limit:UInt32}
