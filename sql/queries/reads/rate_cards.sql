SELECT rate_card, argMax(currency, version) AS currency, max(version) AS latest_version, count() AS versions, max(published_at) AS latest_published_at
FROM rate_card_versions
WHERE rate_card > {after_rate_card:String} AND ({rate_card:String} = '' OR rate_card = {rate_card:String})
GROUP BY rate_card
ORDER BY rate_card
LIMIT {limit:UInt32}
