-- Past whatever a killed publication left behind.
SELECT
    greatest(
        (SELECT max(version_id) FROM rate_card_versions),
        (SELECT max(version_id) FROM rate_card_products),
        (SELECT max(version_id) FROM price_rows)) + 1 AS version_id,
    (SELECT max(version) FROM rate_card_versions WHERE rate_card = {rate_card:String}) + 1 AS version
