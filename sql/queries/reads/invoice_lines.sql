-- The rows of all usage lines of an invoice, line by line. Lines are made of these rows, so both are of one instant.
SELECT
    product, rate_card_version, dimensions, show, quantity, unit_price, amount, exact_amount, line_amount,
    toUInt32(bitShiftRight(price_id, 32)) AS version_id,
    dictGet('products_dict', ('name', 'metered_unit', 'unit'), (version_id, dictGet('price_rows_dict', 'product_number', price_id))) AS product_row,
    product_row.1 AS product_name, product_row.2 AS metered_unit, product_row.3 AS unit
FROM invoice_breakdown
WHERE period_id = {period_id:UInt64}
ORDER BY product, rate_card_version, row_number
