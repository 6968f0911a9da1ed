SELECT toString(currency) AS currency, min(version) AS version
FROM rate_card_versions
WHERE rate_card = {rate_card:String}
GROUP BY currency
