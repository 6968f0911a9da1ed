-- Which versions of a card are in force at an instant, for the contracts that a cohort holds (0 = everyone), and for how
-- many of them each; version 0 = none is. A cohort of customers is found by its first activation, which may not be stored
-- yet: they are given.
SELECT version.version AS version, count() AS contracts
FROM
(
    SELECT
        contract.contract_id AS contract_id,
        -- By start, then as made: the last of those that hold the contract.
        arraySort(arrayFilter(start -> start.4 = 0 OR has(held.cohort_ids, start.4), card.starts))[-1].3 AS version_id
    FROM contract_records AS contract FINAL
    LEFT JOIN (SELECT contract_id, groupArray(cohort_id) AS cohort_ids FROM cohort_contracts GROUP BY contract_id) AS held
        ON held.contract_id = contract.contract_id
    CROSS JOIN
    (
        SELECT groupArray((active_from, activation_id, version_id, cohort_id)) AS starts
        FROM rate_card_activations
        WHERE rate_card = {rate_card:String} AND active_from <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
    ) AS card
    WHERE contract.rate_card = {rate_card:String}
        AND
        (
            {cohort_id:UInt64} = 0
            OR has(held.cohort_ids, {cohort_id:UInt64})
            OR contract.customer_id IN {customers:Array(String)}
        )
) AS one
LEFT JOIN (SELECT version_id, version FROM rate_card_versions) AS version ON version.version_id = one.version_id
GROUP BY version
ORDER BY version
