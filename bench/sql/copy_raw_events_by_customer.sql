INSERT INTO raw_events_by_customer SELECT * FROM raw_events
