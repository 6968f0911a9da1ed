-- Every published version of a rate card, with the sets of overrides that it has prices for.
SELECT version.version_id AS version_id, version.version AS version, version.document AS document, variants.set_hashes AS set_hashes,
    version.version_id IN (SELECT version_id FROM rate_card_activations) AS activated
FROM rate_card_versions AS version
LEFT JOIN (SELECT version_id, groupUniqArray(set_hash) AS set_hashes FROM price_variants GROUP BY version_id) AS variants
    ON variants.version_id = version.version_id
WHERE version.rate_card = {rate_card:String}
ORDER BY version.version
