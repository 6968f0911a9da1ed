-- No ledger entry is taken back that was not made, and none stands twice.
-- To mend it: runrate reconcile --from 2015-01-01T00:00:00Z
SELECT event_time, event_key, period_id, price_id, sum(sign) AS net
FROM rated_usage
WHERE event_time >= {range_start:DateTime64(3, 'UTC')} AND event_time < {range_end:DateTime64(3, 'UTC')}
GROUP BY event_time, event_key, period_id, price_id, dimensions, quantity, unit_price, unrated
HAVING net NOT IN (0, 1)
LIMIT 100
