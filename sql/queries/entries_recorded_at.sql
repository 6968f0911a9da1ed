SELECT count()
FROM rated_usage
WHERE recorded_at = {recorded_at:DateTime64(3, 'UTC')}
  AND event_time >= {range_start:DateTime64(3, 'UTC')} AND event_time < {range_end:DateTime64(3, 'UTC')}
