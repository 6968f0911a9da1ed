-- The customers with a contract that tops credits up, with every id under which their events may come.
SELECT customer_id, arrayPushFront(any(aliases), customer_id) AS names
FROM
(
    SELECT customer_id, aliases
    FROM customers
    WHERE customer_id IN (SELECT customer_id FROM contracts WHERE JSONHas(document, 'top_up'))
)
GROUP BY customer_id
