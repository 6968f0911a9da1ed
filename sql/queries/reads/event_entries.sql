-- The ledger entries of one event, with what their price row says, in the order in which they were made.
SELECT
    entry.recorded_at AS recorded_at, entry.sign AS sign, toString(entry.reason) AS reason, entry.event_time AS event_time, entry.event_key AS event_key,
    entry.period_id AS period_id, entry.price_id AS price_id, entry.quantity AS quantity, entry.unit_price AS unit_price,
    entry.amount AS amount, toDecimal256(entry.amount, 24) AS exact_unit_amount, exact_unit_amount * product.unit_value AS exact_amount, toString(entry.unrated) AS unrated, entry.dimensions AS actual_dimensions,
    version.card_version_id AS card_version_id, version.set_hash AS set_hash, overridden.list_price_id AS list_price_id, overridden.override_number AS override_number,
    price.model AS model, price.per_event AS per_event, price.unit_amount AS unit_amount, price.dimensions AS price_dimensions,
    price.tier_up_to AS tier_up_to, price.tier_unit_amount AS tier_unit_amount, price.tier_flat_amount AS tier_flat_amount,
    price.package_size AS package_size, price.package_amount AS package_amount, price.free_units AS free_units, price.included AS included,
    price.flat_amount AS flat_amount, price.fixed_amount_per_event AS fixed_amount_per_event, price.free_events AS free_events,
    price.free_total_value AS free_total_value, price.min_amount_per_event AS min_amount_per_event, price.max_amount_per_event AS max_amount_per_event,
    price.minimum_spend AS minimum_spend, price.maximum_spend AS maximum_spend,
    product.product AS product, product.name AS product_name, product.meter AS meter, product.metered_unit AS metered_unit, product.unit AS unit,
    product.unit_value AS unit_value, product.dimension_names AS dimension_names, product.show_names AS show_names,
    version.rate_card AS rate_card, version.version AS rate_card_version, version.currency AS currency,
    period.contract_id AS contract_id, period.period_start AS period_start, period.period_end AS period_end, period.timezone AS timezone,
    period.customer_id AS owner_id, period.has_grants AS has_grants
FROM
(
    SELECT *, amount
    FROM rated_usage
    WHERE event_time IN {event_times:Array(DateTime64(3, 'UTC'))} AND event_key = {event_key:UInt128}
) AS entry
LEFT ANY JOIN (SELECT * FROM price_rows WHERE price_id IN (SELECT price_id FROM rated_usage WHERE event_time IN {event_times:Array(DateTime64(3, 'UTC'))} AND event_key = {event_key:UInt128})) AS price
    ON price.price_id = entry.price_id
LEFT ANY JOIN rate_card_products AS product ON product.version_id = price.version_id AND product.product_number = price.product_number
LEFT ANY JOIN priced_versions AS version ON version.version_id = price.version_id
LEFT ANY JOIN (SELECT * FROM overridden_prices WHERE price_id IN (SELECT price_id FROM rated_usage WHERE event_time IN {event_times:Array(DateTime64(3, 'UTC'))} AND event_key = {event_key:UInt128})) AS overridden
    ON overridden.price_id = entry.price_id
LEFT ANY JOIN billing_periods AS period ON period.period_id = entry.period_id
ORDER BY recorded_at, sign, product
