-- Every top-up that is granted has its grant, the same in units, cost and time, and no other top-up has one.
SELECT
    top_up.customer_id AS customer_id, top_up.top_up_id AS top_up_id, top_up.state AS state, top_up.amount AS amount, grant.amount AS amount_of_grant,
    top_up.paid AS paid, grant.paid AS paid_of_grant, top_up.granted_at AS granted_at, grant.effective_at AS grant_effective_at
FROM top_ups AS top_up
FULL JOIN (SELECT customer_id, top_up_id, unit, amount, paid, effective_at FROM grant_records FINAL WHERE top_up_id != '' AND NOT withdrawn) AS grant
    ON grant.customer_id = top_up.customer_id AND grant.top_up_id = top_up.top_up_id
WHERE (top_up.state = 'granted') != (grant.top_up_id != '')
   OR (top_up.state = 'granted' AND (top_up.unit, top_up.amount, top_up.paid, top_up.granted_at) != (grant.unit, grant.amount, grant.paid, grant.effective_at))
LIMIT 100
