SELECT DISTINCT customer_id FROM credit_grants ORDER BY customer_id
