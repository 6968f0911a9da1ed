-- The latest time of recording that any process gave out. All that has one is asked: a roll-up and a reconcile mark are
-- often later than the last event, and what is recorded before them does not count as new.
SELECT greatest(
    (SELECT max(recorded_at) FROM usage_events),
    (SELECT max(recorded_at) FROM rated_usage),
    (SELECT max(recorded_at) FROM superseded_events),
    (SELECT max(recorded_at) FROM usage_rollups),
    (SELECT max(recorded_at) FROM reconcile_requests),
    (SELECT max(recorded_at) FROM reconcile_marks),
    (SELECT max(recorded_at) FROM customer_records),
    (SELECT max(recorded_at) FROM contract_records),
    (SELECT max(recorded_at) FROM billing_period_records),
    (SELECT max(recorded_at) FROM grant_records),
    (SELECT max(recorded_at) FROM override_sets),
    (SELECT max(recorded_at) FROM override_slices),
    (SELECT max(recorded_at) FROM price_variants),
    (SELECT max(recorded_at) FROM top_up_records),
    (SELECT max(recorded_at) FROM hold_records),
    (SELECT max(published_at) FROM rate_card_versions),
    (SELECT max(recorded_at) FROM rate_card_activations),
    (SELECT max(created_at) FROM api_keys),
    (SELECT max(recorded_at) FROM audit_trail)
)
