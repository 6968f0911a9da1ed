-- name: stored_events
SELECT customer_id, event_id, event_type, toString(toUnixTimestamp64Milli(event_time)) AS at, properties
FROM usage_events
WHERE NOT conflict
  AND (event_key, event_time, content_hash, revision) NOT IN
      (SELECT event_key, event_time, content_hash, revision FROM superseded_events)
ORDER BY customer_id, event_id

-- name: activations
SELECT version.version AS version, toString(toUnixTimestamp64Milli(activation.active_from)) AS at, activation.cohort AS cohort
FROM rate_card_activations AS activation
INNER JOIN rate_card_versions AS version USING version_id
ORDER BY activation_id

-- name: versions
SELECT version, document FROM rate_card_versions ORDER BY version

-- name: count_customers
SELECT count() FROM customers WHERE NOT startsWith(customer_id, 'topped-')

-- name: count_contracts
SELECT count() FROM contracts WHERE NOT startsWith(customer_id, 'topped-')
