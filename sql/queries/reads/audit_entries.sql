SELECT
    sequence, recorded_at, action, actor, author, note, rate_card, rate_card_version, contract_ids, key_id, content_hash,
    cohort, active_from, contracts, before, after, interrupted, previous_hash, entry_hash
FROM audit_log
WHERE sequence < {before_sequence:UInt64}
    AND ({rate_card:String} = '' OR rate_card = {rate_card:String})
    AND ({contract_id:String} = '' OR has(contract_ids, {contract_id:String}))
    AND ({action:String} = '' OR action = {action:String})
    AND recorded_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
ORDER BY sequence DESC
LIMIT {limit:UInt32}
