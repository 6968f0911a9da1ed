-- Credits pay no more of a product in a billing period than its usage lines less their discounts.
SELECT paid.period_id AS period_id, paid.product AS product, paid.amount AS credits, usage.amount - coalesce(shares.amount, toDecimal256('0', 39)) AS payable
FROM (SELECT period_id, product, sum(amount) AS amount FROM credit_lines_of_customers(customers = {customers:Array(String)}) GROUP BY period_id, product) AS paid
LEFT JOIN (SELECT period_id, product, sum(greatest(line.amount, toDecimal256('0', 39))) AS amount FROM invoice_lines AS line GROUP BY period_id, product) AS usage
    ON usage.period_id = paid.period_id AND usage.product = paid.product
LEFT JOIN (SELECT period_id, product, sum(amount) AS amount FROM discount_shares AS part WHERE part.amount > 0 GROUP BY period_id, product) AS shares
    ON shares.period_id = paid.period_id AND shares.product = paid.product
WHERE credits > payable
LIMIT 100
