-- The rows of all usage lines of an invoice, line by line. Lines are made of these rows, so both are of one instant.
SELECT
    product, product_name, metered_unit, unit, rate_card_version, dimensions, show, quantity, unit_price, amount, exact_amount, line_amount
FROM invoice_breakdown
WHERE period_id = {period_id:UInt64}
ORDER BY product, rate_card_version, row_number
