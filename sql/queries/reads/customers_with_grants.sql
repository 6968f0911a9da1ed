-- Whose contracts give credit grants: only their invoices can have credits.
SELECT DISTINCT customer_id
FROM contracts
WHERE customer_id IN {customer_ids:Array(String)} AND JSONLength(document, 'grants') > 0
