-- The months of event time that have hourly sums or ledger entries, each with the whole hours of the range in it.
SELECT
    greatest(toDateTime64(month, 3, 'UTC'), toDateTime64(toStartOfHour({range_start:DateTime64(3, 'UTC')}), 3, 'UTC')) AS range_start,
    least(
        toDateTime64(addMonths(month, 1), 3, 'UTC'),
        toDateTime64(toStartOfHour(addMilliseconds({range_end:DateTime64(3, 'UTC')}, 3599999)), 3, 'UTC')) AS range_end
FROM
(
    SELECT toStartOfMonth(hour) AS month FROM usage_hourly
    UNION DISTINCT
    SELECT toStartOfMonth(event_time) AS month FROM rated_usage
)
WHERE range_start < range_end
ORDER BY month
