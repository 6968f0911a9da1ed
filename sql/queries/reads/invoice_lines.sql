-- The rows of all usage lines of invoices, line by line. Lines are made of these rows, so both are of one instant.
SELECT
    period_id, product, product_name, metered_unit, unit, tags, rate_card_version, dimensions, show, quantity, unit_price, amount, exact_amount,
    line_amount
FROM invoice_breakdown
WHERE period_id IN {period_ids:Array(UInt64)}
ORDER BY period_id, product, rate_card_version, row_number
