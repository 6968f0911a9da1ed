SELECT period_id, sum(amount) AS amount
FROM invoice_lines
WHERE period_id IN {period_ids:Array(UInt64)}
GROUP BY period_id
