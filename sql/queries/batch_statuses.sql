-- What became of each event of a batch, in its order.
SELECT
    batch.place AS place,
    multiIf(
        empty(stored.hashes), 'missing',
        stored.hashes[1] != batch.content_hash OR (stored.conflicts[indexOf(stored.hashes, batch.content_hash)]), 'conflict',
        stored.recorded[1] = {recorded_at:DateTime64(3, 'UTC')}, 'accepted',
        'duplicate'
    ) AS status
FROM ingest_batch AS batch
LEFT ANY JOIN
(
    SELECT
        event_time, event_key,
        arraySort(groupArray((conflict, recorded_at, content_hash))) AS versions,
        versions.1 AS conflicts,
        versions.2 AS recorded,
        versions.3 AS hashes
    FROM usage_events
    WHERE (event_time, event_key) IN (SELECT event_time, event_key FROM ingest_batch) AND revision = 0
    GROUP BY event_time, event_key
) AS stored ON stored.event_time = batch.event_time AND stored.event_key = batch.event_key
ORDER BY place
