-- Time zones of contracts, and whether their clock changes are stored.
SELECT timezone, max(known) AS known
FROM
(
    SELECT DISTINCT timezone, 0 AS known FROM contract_records
    UNION ALL
    SELECT DISTINCT timezone, 1 AS known FROM time_zone_offsets
)
GROUP BY timezone
