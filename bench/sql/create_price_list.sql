CREATE TABLE price_list
(
    product LowCardinality(String),
    model String,
    region String,
    unit_amount Decimal(38, 15)
)
ENGINE = MergeTree
ORDER BY (product, model, region)
