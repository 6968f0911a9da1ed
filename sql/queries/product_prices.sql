-- Of each product of a version, under whatever overrides: whether any of its prices follow from sums or from single events, and the most that one unit
-- can cost.
SELECT
    product_number, max(from_events) AS by_events, max(NOT from_events) AS by_sums, max(greatest_unit_price) AS greatest_unit_price
FROM price_rows
WHERE model != ''
    AND price_id >= bitShiftLeft(toUInt64({version_id:UInt32}), 32)
    AND (version_id = {version_id:UInt32} OR version_id IN (SELECT variant_id FROM price_variants WHERE version_id = {version_id:UInt32}))
GROUP BY product_number
