-- The grants that contracts give, under the ids that they have there: recurrences are one, what is rolled over is none.
SELECT DISTINCT customer_id, if(recurring_grant_id = '', grant_id, recurring_grant_id) AS grant_id, contract_id
FROM credit_grants
WHERE parent_grant_id = ''
ORDER BY customer_id, grant_id
