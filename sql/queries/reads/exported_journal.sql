-- Journal entries of several customers, whole, as they are exported.
SELECT
    day, entry_id, account, debit, credit, currency, customer_id, contract_id, category, product, rate_card_version, grant_id, source_id
FROM journal_entries_of_customers(customers = {customer_ids:Array(String)}, promised_to = {promised_to:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
ORDER BY customer_id, day, entry_id, contract_id, product, rate_card_version, grant_id, account
