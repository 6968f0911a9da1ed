-- What cards are in, and since which version: a card keeps its currency.
SELECT
    rate_card, argMax(currency, version) AS currency, argMax(currency_exponent, version) AS currency_exponent,
    min(version) AS since_version
FROM rate_card_versions
WHERE rate_card IN {rate_cards:Array(String)}
GROUP BY rate_card
