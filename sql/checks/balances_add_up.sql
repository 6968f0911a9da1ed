-- Of every grant: granted − drawn − expired − voided = remaining, and nothing is negative.
SELECT customer_id, grant_id, granted, drawn, expired, voided, remaining
FROM credit_balances(customer = {customer:String}, as_of = {as_of:DateTime64(3, 'UTC')})
WHERE remaining != granted - drawn - expired - voided OR remaining < 0 OR drawn < 0 OR expired < 0 OR voided < 0
LIMIT 100
