-- What grants paid of the step that holds an instant, of one billing period, product and version.
WITH
    fromUnixTimestamp64Milli({at:Int64}, 'UTC') AS instant,
    toDateTime64(toStartOfHour(toDateTime(instant, 'UTC')), 3, 'UTC') AS hour,
    (
        SELECT max(cut)
        FROM (SELECT arrayJoin([effective_at, ends_at]) AS cut FROM credit_grants WHERE customer_id = {customer_id:String})
        WHERE cut <= instant
    ) AS last_cut
SELECT step_start, grant_id, unit, units
FROM credit_step_draws(customer = {customer_id:String}, as_of = '2200-01-01 00:00:00.000')
WHERE step_start = greatest(hour, last_cut) AND period_id = {period_id:UInt64} AND product = {product:String} AND version = {version:UInt32}
ORDER BY grant_place
