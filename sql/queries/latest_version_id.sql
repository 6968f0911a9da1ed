-- The last that got prices: a version, or a variant of one.
SELECT greatest((SELECT max(version_id) FROM rate_card_versions), (SELECT max(variant_id) FROM price_variants))
