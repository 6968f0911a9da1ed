-- What is there when the audit trail begins: how much of each, and one SHA-256 over what versions, activations and
-- contracts say, one line each, sorted.
WITH lines AS
(
    SELECT concat('version ', rate_card, ' ', toString(version), ' ', content_hash) AS line FROM rate_card_versions
    UNION ALL
    SELECT concat('activation ', toString(activation_id), ' ', rate_card, ' ', toString(version_id), ' ', toString(toUnixTimestamp64Milli(active_from)), ' ', cohort) FROM rate_card_activations
    UNION ALL
    SELECT concat('contract ', contract_id, ' ', lower(hex(SHA256(document)))) FROM contract_records FINAL
    UNION ALL
    SELECT concat('key ', key_id, ' ', if(revoked, 'revoked', 'good')) FROM api_keys FINAL
)
SELECT
    countIf(startsWith(line, 'version ')) AS versions,
    countIf(startsWith(line, 'activation ')) AS activations,
    countIf(startsWith(line, 'contract ')) AS contracts,
    countIf(startsWith(line, 'key ')) AS keys,
    lower(hex(SHA256(arrayStringConcat(arraySort(groupArray(line)), '\n')))) AS state_hash
FROM lines
