SELECT customer_id, hold_id, product, unit, units, state, confirmed_units, held_at, expires_at
FROM holds
WHERE customer_id = {customer_id:String} AND hold_id = {hold_id:String}
