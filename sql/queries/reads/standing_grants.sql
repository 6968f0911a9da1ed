-- What is left of a customer's grants at an instant, and what each may pay; next_change is when one begins or ends next.
WITH
    fromUnixTimestamp64Milli({as_of:Int64}, 'UTC') AS now,
    (
        SELECT ifNull(minOrNull(change), toDateTime64('2200-01-01 00:00:00', 3, 'UTC'))
        FROM (SELECT arrayJoin([effective_at, ends_at]) AS change FROM credit_grants WHERE customer_id = {customer_id:String})
        WHERE change > now
    ) AS next
SELECT balance.unit AS unit, balance.remaining AS remaining, grant.products AS products, grant.tags AS tags, next AS next_change
FROM credit_balances(customer = {customer_id:String}, as_of = fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')) AS balance
INNER JOIN (SELECT grant_id, products, tags FROM credit_grants WHERE customer_id = {customer_id:String}) AS grant ON grant.grant_id = balance.grant_id
