-- Whether the change of an audit entry is stored: it has the entry's time of recording, which no other change has.
SELECT count() > 0
FROM
(
    SELECT published_at AS recorded_at FROM rate_card_versions
    UNION ALL
    SELECT recorded_at FROM rate_card_activations
    UNION ALL
    SELECT recorded_at FROM contract_records
    UNION ALL
    SELECT recorded_at FROM customer_records
    UNION ALL
    SELECT recorded_at FROM grant_records
    UNION ALL
    SELECT recorded_at FROM top_up_records
    UNION ALL
    SELECT created_at AS recorded_at FROM api_keys
)
WHERE recorded_at = fromUnixTimestamp64Milli({recorded_at:Int64}, 'UTC')
