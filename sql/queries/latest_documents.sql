-- The latest version of each of the rate cards, as it was published.
SELECT rate_card, argMax(document, version) AS document
FROM rate_card_versions
WHERE rate_card IN {rate_cards:Array(String)}
GROUP BY rate_card
