SELECT customer_id, name, attributes, aliases, recorded_at FROM customers ORDER BY customer_id
