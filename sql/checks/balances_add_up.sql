-- Of every grant: granted − drawn − expired − voided − rolled over = remaining, nothing is negative, its ledger entries add up to what remains, and its credit lines to what all its usage has drawn.
SELECT
    balance.customer_id AS customer_id, balance.grant_id AS grant_id, granted, drawn, expired, voided, rolled_over, remaining,
    ledger.units AS units_of_entries, draws.units AS units_drawn, lines.units AS units_of_lines
FROM credit_balances_of_customers(customers = {customers:Array(String)}, as_of = {as_of:DateTime64(3, 'UTC')}) AS balance
LEFT JOIN
(
    SELECT customer_id, grant_id, sum(units) AS units
    FROM credit_ledger_of_customers(customers = {customers:Array(String)}, as_of = {as_of:DateTime64(3, 'UTC')})
    GROUP BY customer_id, grant_id
) AS ledger ON ledger.customer_id = balance.customer_id AND ledger.grant_id = balance.grant_id
LEFT JOIN
(
    SELECT customer_id, grant_id, sum(units) AS units
    FROM credit_draws_of_customers(customers = {customers:Array(String)})
    GROUP BY customer_id, grant_id
) AS draws ON draws.customer_id = balance.customer_id AND draws.grant_id = balance.grant_id
LEFT JOIN
(
    SELECT customer_id, grant_id, sum(units) AS units
    FROM credit_lines_of_customers(customers = {customers:Array(String)})
    GROUP BY customer_id, grant_id
) AS lines ON lines.customer_id = balance.customer_id AND lines.grant_id = balance.grant_id
WHERE remaining != granted - drawn - expired - voided - rolled_over
   OR remaining < 0 OR drawn < 0 OR expired < 0 OR voided < 0 OR rolled_over < 0
   OR remaining != ledger.units
   OR draws.units != lines.units
LIMIT 100
