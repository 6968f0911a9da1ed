SELECT customer_id, grant_id, contract_id FROM credit_grants ORDER BY customer_id, grant_id
