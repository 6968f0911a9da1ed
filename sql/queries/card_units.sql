-- What each published rate card prices in, in any of its versions: its currency and its products' units.
SELECT version.rate_card AS rate_card, arraySort(groupUniqArrayArray([version.currency, product.unit])) AS units
FROM rate_card_versions AS version
INNER JOIN rate_card_products AS product ON product.version_id = version.version_id
GROUP BY rate_card
