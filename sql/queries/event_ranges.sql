-- Days of event time in a range, with the part of each day that lies in it, and how many events and
-- ledger entries it has.
SELECT
    toDate(event_time) AS day,
    greatest(toDateTime64(day, 3, 'UTC'), {range_start:DateTime64(3, 'UTC')}) AS range_start,
    least(addDays(toDateTime64(day, 3, 'UTC'), 1), {range_end:DateTime64(3, 'UTC')}) AS range_end,
    count() AS entries
FROM
(
    SELECT event_time FROM usage_events WHERE event_time >= {range_start:DateTime64(3, 'UTC')} AND event_time < {range_end:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT event_time FROM rated_usage WHERE event_time >= {range_start:DateTime64(3, 'UTC')} AND event_time < {range_end:DateTime64(3, 'UTC')}
)
GROUP BY day
ORDER BY day
