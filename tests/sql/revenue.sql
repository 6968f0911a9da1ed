-- name: revenue
SELECT * FROM revenue_entries(customer = {customer:String}, from_day = '2015-01-01', to_day = {to_day:Date})

-- name: journal
SELECT day, entry_id, account, debit, credit FROM journal_entries(customer = {customer:String}, from_day = '2015-01-01', to_day = {to_day:Date})
ORDER BY day, entry_id, account
