-- Every rated entry that stands has the unit price of the price row that it names, and a period that exists.
-- To mend it: runrate reconcile --from 2015-01-01T00:00:00Z
SELECT event_time, event_key, period_id, price_id, unit_price
FROM rated_usage
LEFT ANY JOIN
(
    SELECT price_id, toInt8(1) AS known, if(per_event, unit_amount, 0) AS listed_price
    FROM price_rows
    WHERE model != ''
) AS price USING price_id
WHERE unrated = ''
  AND (known = 0 OR listed_price != unit_price OR period_id NOT IN (SELECT period_id FROM billing_period_records))
GROUP BY event_time, event_key, period_id, price_id, dimensions, quantity, unit_price
HAVING sum(sign) != 0
LIMIT 100
