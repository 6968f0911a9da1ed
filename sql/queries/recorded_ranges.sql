-- Hours of event time of what was recorded since the last run, one range a day.
SELECT
    toDate(event_time) AS day,
    toDateTime64(toStartOfHour(toDateTime(min(event_time), 'UTC')), 3, 'UTC') AS range_start,
    toDateTime64(addHours(toStartOfHour(toDateTime(max(event_time), 'UTC')), 1), 3, 'UTC') AS range_end
FROM
(
    SELECT event_time FROM usage_events WHERE recorded_at > {recorded_after:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT event_time FROM superseded_events WHERE recorded_at > {recorded_after:DateTime64(3, 'UTC')}
)
GROUP BY day
ORDER BY day
