-- The quantities of meters that do not add up (max, unique, …) are what the events of the net ledger come to.
SELECT period_id, product, sum(quantity) AS quantity_off
FROM
(
    SELECT
        period_id, product,
        toDecimal256(multiIf(
            aggregation = 'max', max(quantity),
            aggregation = 'min', min(quantity),
            aggregation = 'latest', argMax(quantity, (event_time, quantity)),
            toDecimal128(uniqExact(dimensions), 9)), 9) AS quantity
    FROM
    (
        SELECT event.*, named.product AS product, named.meter AS meter, named.aggregation AS aggregation, named.dimension_names AS dimension_names, arrayResize(values, length(named.dimension_names)) AS combination,
            if(event.dimensions = '', named.dimensions, splitByChar('\x1F', substring(event.dimensions, 2))) AS values
        FROM
        (
            SELECT period_id, price_id, toString(dimensions) AS dimensions, event_time, event_key, quantity
            FROM rated_usage
            WHERE unrated = ''
            GROUP BY period_id, price_id, dimensions, event_time, event_key, quantity
            HAVING sum(sign) > 0
        ) AS event
        INNER JOIN
        (
            SELECT price.price_id AS price_id, price.dimensions AS dimensions, product.product AS product, product.meter AS meter,
                toString(product.aggregation) AS aggregation, product.dimension_names AS dimension_names
            FROM price_rows AS price
            INNER JOIN rate_card_products AS product
                ON product.version_id = price.version_id AND product.product_number = price.product_number
            WHERE product.aggregation IN ('max', 'min', 'latest', 'unique')
        ) AS named ON named.price_id = event.price_id
    )
    -- A product that has another meter or other dimensions within a period has a total of each.
    GROUP BY period_id, product, meter, aggregation, dimension_names, combination
    UNION ALL
    SELECT line.period_id AS period_id, line.product AS product, -line.quantity AS quantity
    FROM invoice_lines AS line
    INNER JOIN rate_card_versions AS version ON version.rate_card = line.rate_card AND version.version = line.rate_card_version
    WHERE (version.version_id, line.product) IN
        (SELECT version_id, product FROM rate_card_products WHERE aggregation IN ('max', 'min', 'latest', 'unique'))
)
GROUP BY period_id, product
HAVING quantity_off != 0
LIMIT 100
