TRUNCATE TABLE ingest_batch
