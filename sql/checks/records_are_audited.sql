-- Every contract, customer and API key is as the last entry of the audit trail about it says.
WITH
    (SELECT min(recorded_at) FROM audit_trail) AS begun_at,
    (SELECT max(sequence) FROM audit_trail) AS head,
    stored AS
    (
        SELECT 'contract' AS record, contract_id AS id, recorded_at, if(document = '', '', lower(hex(SHA256(document)))) AS said
        FROM contract_records FINAL
        UNION ALL
        -- As JSON: a list of the id, the name, the attributes by name, and the aliases.
        SELECT
            'customer', customer_id, recorded_at,
            lower(hex(SHA256(concat(
                '["', replaceAll(replaceAll(customer_id, '\\', '\\\\'), '"', '\\"'),
                '","', replaceAll(replaceAll(name, '\\', '\\\\'), '"', '\\"'),
                '",{', arrayStringConcat(arrayMap(
                    pair -> concat(
                        '"', replaceAll(replaceAll(pair.1, '\\', '\\\\'), '"', '\\"'),
                        '":"', replaceAll(replaceAll(pair.2, '\\', '\\\\'), '"', '\\"'), '"'),
                    arraySort(CAST(attributes, 'Array(Tuple(String, String))'))), ','),
                '},[', arrayStringConcat(arrayMap(alias -> concat('"', replaceAll(replaceAll(alias, '\\', '\\\\'), '"', '\\"'), '"'), aliases), ','),
                ']]'))))
        FROM customer_records FINAL
        UNION ALL
        SELECT 'key', key_id, created_at, if(revoked, 'revoked', 'good') FROM api_keys FINAL
    ),
    -- What each entry says to be there after it. The last one's change may have been cut off, which the next will tell.
    told AS
    (
        SELECT sequence, interrupted OR (sequence = head AND recorded_at NOT IN (SELECT recorded_at FROM stored)) AS is_open, change.1 AS record, change.2 AS id, change.3 AS said
        FROM audit_log
        ARRAY JOIN multiIf(
            action = 'contracts', arrayConcat(
                arrayMap(pair -> ('contract', pair.1, pair.2), JSONExtractKeysAndValues(after, 'contracts', 'String')),
                arrayMap(pair -> ('customer', pair.1, pair.2), JSONExtractKeysAndValues(after, 'customers', 'String'))),
            action IN ('key_create', 'key_revoke'), [('key', key_id, JSONExtractString(after, 'state'))],
            []) AS change
    ),
    -- The last change that was made, and those after it that were cut off: of a customer they may be stored.
    latest AS
    (
        SELECT record, id, max(settled) > 0 AS is_settled, groupArrayIf(said, sequence >= settled) AS said_last
        FROM (SELECT *, maxIf(sequence, NOT is_open) OVER (PARTITION BY record, id) AS settled FROM told)
        GROUP BY record, id
    )
SELECT
    record, id, stored.recorded_at AS recorded_at,
    multiIf(
        stored.id = '', 'only the trail has it',
        latest.id = '', 'the trail does not have it',
        'it is not what the trail says') AS problem
FROM stored
FULL OUTER JOIN latest USING (record, id)
WHERE multiIf(
    stored.id = '', is_settled,
    latest.id = '', stored.recorded_at > begun_at,
    -- Half stored: the change was cut off.
    stored.said != '' AND NOT has(said_last, stored.said))
ORDER BY record, id
LIMIT 100
