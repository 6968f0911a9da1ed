-- Of every grant: granted − drawn − expired − voided = remaining, nothing is negative, and its credit lines are what was drawn.
SELECT balance.customer_id AS customer_id, balance.grant_id AS grant_id, granted, drawn, expired, voided, remaining, lines.units AS units_of_lines
FROM credit_balances(customer = {customer:String}, as_of = {as_of:DateTime64(3, 'UTC')}) AS balance
LEFT JOIN
(
    SELECT grant_id, sum(units) AS units
    FROM credit_lines(customer = {customer:String})
    GROUP BY grant_id
) AS lines ON lines.grant_id = balance.grant_id
WHERE remaining != granted - drawn - expired - voided
   OR remaining < 0 OR drawn < 0 OR expired < 0 OR voided < 0
   OR drawn != lines.units
LIMIT 100
