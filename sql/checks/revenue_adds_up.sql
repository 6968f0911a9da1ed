-- Of each contract: recognised + deferred − unbilled revenue is what its invoices have and its grants cost; every journal entry balances.
SELECT
    if(books.contract_id = '', billed.contract_id, books.contract_id) AS contract, books.currency AS currency, recognised, deferred, unbilled, receivable, billed.amount AS invoiced, unbalanced_entries
FROM
(
    SELECT
        contract_id, currency, sum(of_entry.1) AS recognised, sum(of_entry.2) AS deferred, sum(of_entry.3) AS unbilled, sum(of_entry.4) AS receivable,
        countIf(of_entry.5 != 0) AS unbalanced_entries
    FROM
    (
        SELECT
            contract_id, currency, entry_id,
            (
                sumIf(credit - debit, account = 'revenue'), sumIf(credit - debit, account = 'deferred_revenue'),
                sumIf(debit - credit, account = 'unbilled_receivable'), sumIf(debit - credit, account = 'accounts_receivable'),
                sum(debit) - sum(credit)
            ) AS of_entry
        FROM journal_entries_of_customers(customers = {customers:Array(String)}, promised_to = {promised_to:String}, from_day = '1970-01-02', to_day = {to_day:Date})
        GROUP BY contract_id, currency, entry_id
    )
    GROUP BY contract_id, currency
) AS books
FULL JOIN
(
    SELECT contract_id, sum(amount) AS amount
    FROM
    (
        SELECT
            item.contract_id AS contract_id, item.at AS at, item.amount AS amount, calendar.clocks AS clocks,
            toDate(at + toIntervalSecond(clocks.2[greatest(arrayLastIndex(since -> since <= at, clocks.1), 1)])) AS day
        FROM
        (
            SELECT contract_id, period_end AS at, amount FROM invoice_lines WHERE customer_id IN {customers:Array(String)}
            UNION ALL
            SELECT
                period.contract_id AS contract_id,
                if(line.kind IN ('discount', 'minimum') OR line.place > 1000000, period.period_end, charge.due_at) AS at,
                line.amount AS amount
            FROM
            (
                SELECT period_id, kind, place, amount FROM period_charges WHERE customer_id IN {customers:Array(String)}
                UNION ALL
                SELECT period_id, kind, place, amount FROM invoice_charges(customer = {promised_to:String}) WHERE place > 1000000
            ) AS line
            INNER JOIN (SELECT period_id, contract_id, period_end FROM billing_periods WHERE customer_id IN {customers:Array(String)}) AS period
                ON period.period_id = line.period_id
            LEFT JOIN (SELECT period_id, toString(kind) AS kind, place, due_at FROM charge_records FINAL WHERE NOT withdrawn) AS charge
                ON charge.period_id = line.period_id AND charge.kind = line.kind AND charge.place = line.place
            UNION ALL
            SELECT period.contract_id AS contract_id, period.period_end AS at, -line.amount AS amount
            FROM credit_lines_of_customers(customers = {customers:Array(String)}) AS line
            INNER JOIN (SELECT period_id, contract_id, period_end FROM billing_periods WHERE customer_id IN {customers:Array(String)}) AS period
                ON period.period_id = line.period_id
            UNION ALL
            SELECT contract_id, effective_at AS at, toDecimal256(paid, 39) AS amount
            FROM credit_grants
            WHERE customer_id IN {customers:Array(String)} AND parent_grant_id = ''
              AND (contract_id, grant_id) NOT IN (SELECT contract_id, charge_id FROM charge_records FINAL WHERE kind = 'commit' AND NOT withdrawn)
        ) AS item
        INNER JOIN (SELECT contract_id, clocks FROM contract_calendars WHERE customer_id IN {customers:Array(String)}) AS calendar
            ON calendar.contract_id = item.contract_id
    )
    WHERE day < {to_day:Date}
    GROUP BY contract_id
) AS billed ON billed.contract_id = books.contract_id
WHERE recognised + deferred - unbilled != invoiced OR receivable != invoiced OR unbalanced_entries > 0
LIMIT 100
