-- What contracts ask of each published rate card, over all its versions: its currency and its products' units, its
-- products, their tags and dimensions, and which of them never have a price but a flat amount.
SELECT
    version.rate_card AS rate_card,
    any(version.currency) AS currency,
    arraySort(groupUniqArrayArray([version.currency, product.unit])) AS units,
    arraySort(groupUniqArray(product.product)) AS products,
    arraySort(groupUniqArrayArray(product.tags)) AS tags,
    arraySort(groupUniqArrayArray(product.dimension_names)) AS dimensions,
    groupUniqArrayIf(product.product, product.model != 'flat') AS priced_by_units,
    arrayFilter(one -> NOT has(priced_by_units, one), products) AS flat_products
FROM rate_card_versions AS version
INNER JOIN rate_card_products AS product ON product.version_id = version.version_id
GROUP BY rate_card
