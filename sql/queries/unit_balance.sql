-- What is left of a unit at an instant, of all of the customer's grants together.
SELECT sum(remaining)
FROM credit_balances(customer = {customer_id:String}, as_of = fromUnixTimestamp64Milli({as_of:Int64}, 'UTC'))
WHERE unit = {unit:String}
