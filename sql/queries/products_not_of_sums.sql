-- Products of a card that in some version depend on more than sums of usage: on single events, or on periods without any.
SELECT DISTINCT product
FROM rate_card_products
WHERE version_id IN (SELECT version_id FROM rate_card_versions WHERE rate_card = {rate_card:String})
    AND (version_id, product_number) IN (SELECT version_id, product_number FROM price_rows WHERE from_events OR standing)
ORDER BY product
