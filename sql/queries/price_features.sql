-- What the stored prices need beside quantity × unit price: of all products, or of one or of a card's in any version.
SELECT
    countIf(NOT per_event OR is_standing OR isNotNull(minimum_spend) OR isNotNull(maximum_spend)) > 0 AS positional,
    countIf(isNotNull(minimum_spend) OR isNotNull(maximum_spend)) > 0 AS limited,
    countIf(is_standing) > 0 AS standing,
    countIf(from_events AND NOT of_total) > 0 AS percentages,
    countIf(from_events AND of_total) > 0 AS aggregated,
    countIf(arrayExists(amount -> amount != 0, tier_flat_amount)) > 0 AS tier_flats,
    (SELECT count() FROM price_variants) > 0 AS overridden,
    (SELECT count() > 0 FROM charge_records FINAL WHERE kind = 'discount' AND NOT withdrawn) AS discounted,
    (SELECT count() > 0 FROM charge_records FINAL WHERE kind IN ('fee', 'commit') AND NOT withdrawn) AS charged,
    (SELECT count() > 0 FROM charge_records FINAL WHERE kind = 'minimum' AND NOT withdrawn) AS minimums,
    (SELECT count() > 0 FROM charge_records FINAL WHERE kind = 'true_up' AND NOT withdrawn) AS promised
FROM
(
    SELECT
        per_event, from_events, standing AS is_standing, minimum_spend, maximum_spend, tier_flat_amount,
        (version_id, product_number) IN
            (SELECT version_id, product_number FROM rate_card_products WHERE aggregation NOT IN ('sum', 'count')) AS of_total
    FROM price_rows
    WHERE (model != '' OR standing)
        AND ({product:String} = ''
            OR (version_id, product_number) IN
                (SELECT version_id, product_number FROM rate_card_products WHERE product = {product:String}))
        AND ({rate_card:String} = ''
            OR version_id IN (SELECT version_id FROM rate_card_versions WHERE rate_card = {rate_card:String})
            OR version_id IN (SELECT variant_id FROM price_variants WHERE version_id IN (SELECT version_id FROM rate_card_versions WHERE rate_card = {rate_card:String})))
)
