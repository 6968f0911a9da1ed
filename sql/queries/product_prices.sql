-- Of each product of a version: whether any of its prices follow from sums or from single events, and the most that one unit
-- can cost.
SELECT
    product_number, max(from_events) AS by_events, max(NOT from_events) AS by_sums, max(greatest_unit_price) AS greatest_unit_price
FROM price_rows
WHERE version_id = {version_id:UInt32} AND model != ''
    AND price_id >= bitShiftLeft(toUInt64({version_id:UInt32}), 32) AND price_id < bitShiftLeft(toUInt64({version_id:UInt32} + 1), 32)
GROUP BY product_number
