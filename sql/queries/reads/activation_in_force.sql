-- The activation by which a version is in force for a contract at an instant.
SELECT activation_id, active_from, cohort
FROM rate_card_activations
WHERE version_id = {version_id:UInt32} AND active_from <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
    AND (cohort_id = 0 OR cohort_id IN (SELECT cohort_id FROM cohort_contracts WHERE contract_id = {contract_id:String}))
ORDER BY active_from DESC, activation_id DESC
LIMIT 1
