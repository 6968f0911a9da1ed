-- The audit trail is whole: every entry has the hash of what it says and of the entry before it, and none is missing in between.
SELECT sequence, action, problem
FROM
(
    SELECT
        sequence, action,
        multiIf(
            sequence != row_number() OVER (ORDER BY sequence), 'an entry before it is missing, or is there twice',
            previous_hash != lagInFrame(entry_hash) OVER (ORDER BY sequence), 'it does not go on from the entry before',
            entry_hash != computed_hash, 'it was changed',
            ''
        ) AS problem
    FROM
    (
        SELECT
            sequence, toString(audit_trail.action) AS action, previous_hash, entry_hash,
            -- Each field as its number of bytes, a colon, itself and a comma: no two entries are the same text.
            lower(hex(SHA256(arrayStringConcat(arrayMap(
                field -> concat(toString(length(field)), ':', field, ','),
                [
                    toString(sequence),
                    toString(toUnixTimestamp64Milli(recorded_at)),
                    toString(audit_trail.action),
                    actor,
                    author,
                    note,
                    rate_card,
                    toString(rate_card_version),
                    arrayStringConcat(arrayMap(contract_id -> concat(toString(length(contract_id)), ':', contract_id, ','), contract_ids)),
                    key_id,
                    content_hash,
                    cohort,
                    ifNull(toString(toUnixTimestamp64Milli(active_from)), ''),
                    toString(contracts),
                    before,
                    after,
                    previous_hash
                ]
            ))))) AS computed_hash
        FROM audit_trail
    )
    UNION ALL
    SELECT 0, '', 'the audit trail is empty' FROM (SELECT count() AS entries FROM audit_trail) WHERE entries = 0
)
WHERE problem != ''
ORDER BY sequence
LIMIT 100
