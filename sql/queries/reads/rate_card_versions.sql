SELECT
    version.version_id AS version_id, version.rate_card AS rate_card, version.version AS rate_card_version, version.content_hash AS content_hash,
    if({with_document:Bool}, version.document, '') AS document, version.currency AS currency, version.currency_exponent AS currency_exponent,
    toString(version.rounding) AS rounding, version.parent AS parent, version.author AS author, version.note AS note, version.published_at AS published_at, prices.prices AS prices
FROM rate_card_versions AS version
LEFT JOIN
(
    SELECT version_id, count() AS prices
    FROM price_rows
    WHERE model != ''
    GROUP BY version_id
) AS prices ON prices.version_id = version.version_id
WHERE version.rate_card = {rate_card:String} AND version.version < {before_version:UInt64} AND ({version:UInt32} = 0 OR version.version = {version:UInt32})
ORDER BY version.version DESC
LIMIT {limit:UInt32}
