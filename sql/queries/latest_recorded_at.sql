SELECT greatest(
    (SELECT max(recorded_at) FROM usage_events),
    (SELECT max(recorded_at) FROM rated_usage),
    (SELECT max(recorded_at) FROM superseded_events),
    (SELECT max(recorded_at) FROM contract_records),
    (SELECT max(recorded_at) FROM rate_card_activations)
)
