-- What is recognised of a grant is what it cost times its units that are gone, in its ledger, over its units.
SELECT ledger.customer_id AS customer_id, ledger.root_id AS grant_id, coalesce(entries.amount, toDecimal256('0', 39)) AS recognised, ledger.amount AS gone_at_cost
FROM
(
    SELECT
        root.customer_id AS customer_id, root.contract_id AS contract_id, root.grant_id AS root_id,
        toDecimal256(intDiv(
            toInt256(root.paid * toDecimal256('1000000000000000000000000', 0)) * toInt256(moved.gone * toDecimal256('1000000000000000000000000', 0)),
            toInt256(root.amount * toDecimal256('1000000000000000000000000', 0))), 0)
            * toDecimal256('0.000000000000000000000001', 24) AS amount
    FROM
    (
        SELECT customer_id, if(parent_grant_id = '', grant_id, parent_grant_id) AS root_id, -sum(units) AS gone
        FROM
        (
            SELECT
                entry.customer_id AS customer_id, entry.grant_id AS grant_id, entry.units AS units, entry.at AS at, calendar.clocks AS clocks,
                toDate(at + toIntervalSecond(clocks.2[greatest(arrayLastIndex(since -> since <= at, clocks.1), 1)])) AS day
            FROM credit_ledger_of_customers(customers = {customers:Array(String)}, as_of = '2199-12-31 00:00:00.000') AS entry
            INNER JOIN (SELECT contract_id, clocks FROM contract_calendars WHERE customer_id IN {customers:Array(String)}) AS calendar
                ON calendar.contract_id = entry.contract_id
            WHERE entry.type IN ('draw', 'reverse', 'expire', 'void')
        ) AS entry
        INNER JOIN (SELECT customer_id, grant_id, parent_grant_id FROM credit_grants WHERE customer_id IN {customers:Array(String)}) AS grant
            ON grant.customer_id = entry.customer_id AND grant.grant_id = entry.grant_id
        WHERE day < toDate({as_of:DateTime64(3, 'UTC')})
        GROUP BY customer_id, root_id
    ) AS moved
    INNER JOIN (SELECT customer_id, contract_id, grant_id, paid, amount FROM credit_grants WHERE customer_id IN {customers:Array(String)}) AS root
        ON root.customer_id = moved.customer_id AND root.grant_id = moved.root_id
) AS ledger
FULL JOIN
(
    SELECT customer_id, substring(source_id, length('grant:') + 1) AS root_id, sum(amount) AS amount
    FROM revenue_entries_of_customers(
        customers = {customers:Array(String)}, promised_to = '', from_day = '1970-01-02', to_day = toDate({as_of:DateTime64(3, 'UTC')}))
    WHERE category IN ('prepaid_drawdown', 'breakage')
    GROUP BY customer_id, root_id
) AS entries ON entries.customer_id = ledger.customer_id AND entries.root_id = ledger.root_id
WHERE recognised != gone_at_cost
LIMIT 100
