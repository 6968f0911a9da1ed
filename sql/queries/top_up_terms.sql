-- The customer's contract that is in force now, if it tops credits up and its rate card is published.
SELECT contract.document AS document, card.exponent AS currency_exponent
FROM contracts AS contract
INNER JOIN (SELECT rate_card, argMax(currency_exponent, version) AS exponent FROM rate_card_versions GROUP BY rate_card) AS card
    ON card.rate_card = contract.rate_card
WHERE contract.customer_id = {customer_id:String}
  AND JSONHas(contract.document, 'top_up')
  AND contract.starts_at <= fromUnixTimestamp64Milli({now:Int64}, 'UTC')
  AND (isNull(contract.ends_at) OR contract.ends_at > fromUnixTimestamp64Milli({now:Int64}, 'UTC'))
