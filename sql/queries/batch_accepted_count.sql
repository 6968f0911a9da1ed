-- How many events of a batch were new: they carry the batch's own time of recording, which no other batch has.
SELECT count()
FROM usage_events
WHERE event_time BETWEEN {first:DateTime64(3, 'UTC')} AND {last:DateTime64(3, 'UTC')}
  AND recorded_at = {recorded_at:DateTime64(3, 'UTC')}
  AND NOT conflict
