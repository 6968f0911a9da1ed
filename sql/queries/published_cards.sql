-- What contracts ask of each published rate card, over all its versions: its currency and its products' units, its
-- products and their tags.
SELECT
    version.rate_card AS rate_card,
    any(version.currency) AS currency,
    arraySort(groupUniqArrayArray([version.currency, product.unit])) AS units,
    arraySort(groupUniqArray(product.product)) AS products,
    arraySort(groupUniqArrayArray(product.tags)) AS tags
FROM rate_card_versions AS version
INNER JOIN rate_card_products AS product ON product.version_id = version.version_id
GROUP BY rate_card
