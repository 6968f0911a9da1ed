-- What a system that rates at query time runs for an invoice: meter the customer's events, then join the prices.
SELECT product, sum(quantity) AS units, sum(toDecimal256(quantity, 9) * unit_amount) AS amount
FROM
(
    SELECT
        model, region,
        sum(toDecimal128OrNull(properties['input_tokens'], 9)) AS input_tokens,
        sum(toDecimal128OrNull(properties['output_tokens'], 9)) AS output_tokens
    FROM raw_events_by_customer
    WHERE customer_id = {customer_id:String} AND event_type = 'llm.request'
      AND event_time >= {period_start:DateTime64(3, 'UTC')} AND event_time < {period_end:DateTime64(3, 'UTC')}
    GROUP BY properties['model'] AS model, properties['region'] AS region
)
ARRAY JOIN ['input_tokens', 'output_tokens'] AS product, [input_tokens, output_tokens] AS quantity
INNER JOIN price_list USING (product, model, region)
GROUP BY product
ORDER BY product
