-- A customer's holds that are neither confirmed, released nor expired.
SELECT hold_id, unit, units, expires_at
FROM holds
WHERE customer_id = {customer_id:String} AND state = 'held' AND expires_at > fromUnixTimestamp64Milli({now:Int64}, 'UTC')
