-- Rate cards: published versions, their products and prices, and where each version is in force.

CREATE TABLE IF NOT EXISTS rating_shapes
(
    shape_id UInt32 COMMENT 'Number of the shape',
    shape_hash String COMMENT 'SHA-256 over the rules',
    rules String COMMENT 'The compiled rules, JSON: per product its event type, filter, quantity and dimensions'
)
ENGINE = MergeTree
ORDER BY shape_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'What the rating view''s SQL depends on. Versions that differ in prices only share a shape';

CREATE TABLE IF NOT EXISTS rate_card_versions
(
    version_id UInt32 COMMENT 'Number of the version over all cards',
    rate_card String COMMENT 'The card',
    version UInt32 COMMENT 'Number of the version within its card, from 1',
    content_hash String COMMENT 'SHA-256 over what the card says',
    document String COMMENT 'The card as published',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    currency_exponent UInt8 COMMENT 'Decimals of an invoice line',
    rounding Enum8('half_up' = 1, 'half_even' = 2) COMMENT 'How an invoice line is rounded',
    shape_id UInt32 COMMENT 'The rules that meter its usage',
    published_at DateTime64(3, 'UTC') COMMENT 'When it was published'
)
ENGINE = MergeTree
ORDER BY version_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Immutable versions of rate cards; a version counts once it is here';

CREATE TABLE IF NOT EXISTS rate_card_products
(
    version_id UInt32 COMMENT 'The version',
    product_number UInt16 COMMENT 'Place in the card, from 1',
    product String COMMENT 'The product''s id',
    name String COMMENT 'The product''s name',
    meter String COMMENT 'The meter that measures it',
    metered_unit String COMMENT 'What is counted, for example token',
    unit String COMMENT 'What it is priced in: the card''s currency or a custom unit',
    unit_value Decimal(38, 15) COMMENT 'Worth of one such unit in the card''s currency',
    model LowCardinality(String) COMMENT 'Price model',
    tier_continuity Enum8('carry' = 1, 'restart' = 2) COMMENT 'Whether units keep their place when the version changes inside a period',
    tiers_over Enum8('combination' = 1, 'product' = 2) COMMENT 'What tiers count',
    tags Array(String) COMMENT 'Tags of the product',
    dimension_names Array(String) COMMENT 'Names of the dimensions that price it',
    show_names Array(String) COMMENT 'Names of the dimensions for display only'
)
ENGINE = MergeTree
ORDER BY (version_id, product_number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The products of each version';

CREATE TABLE IF NOT EXISTS price_rows
(
    price_id UInt64 COMMENT 'version_id × 2^32 + place in the version; the first places are the products themselves, unpriced',
    version_id UInt32 COMMENT 'The version',
    product_number UInt16 COMMENT 'The product''s place in the card',
    dimension_key String COMMENT 'Dimension values joined by U+001F',
    dimensions Array(String) COMMENT 'Dimension values in the product''s order; * = any other',
    model LowCardinality(String) COMMENT 'Price model; empty = the product itself, unpriced',
    per_event Bool COMMENT 'True: amount = quantity × unit_amount whatever came before',
    unit_amount Decimal(38, 15) COMMENT 'Price of one unit',
    greatest_unit_price Decimal(38, 15) COMMENT 'The most that one unit can cost; what bounds an event''s amount',
    tier_up_to Array(Nullable(Decimal(38, 9))) COMMENT 'Upper bounds of the tiers, inclusive; null = no end',
    tier_unit_amount Array(Decimal(38, 15)) COMMENT 'Price of one unit in each tier',
    tier_flat_amount Array(Decimal(38, 15)) COMMENT 'Amount due once a tier is entered',
    package_size Decimal(38, 9) COMMENT 'Units a package holds',
    package_amount Decimal(38, 15) COMMENT 'Price of a package',
    free_units Decimal(38, 9) COMMENT 'Units that are free before the first package',
    included Decimal(38, 9) COMMENT 'Units that are free each period',
    conversion Enum8('none' = 0, 'multiply' = 1, 'divide' = 2) COMMENT 'Conversion of units before pricing',
    conversion_factor Decimal(38, 9) COMMENT 'Its factor',
    conversion_rounding LowCardinality(String) COMMENT 'Its rounding',
    conversion_precision UInt8 COMMENT 'Decimals it is rounded to',
    minimum_spend Nullable(Decimal(38, 15)) COMMENT 'Least amount of the line',
    maximum_spend Nullable(Decimal(38, 15)) COMMENT 'Greatest amount of the line',
    zero_usage_charged Bool COMMENT 'True: no usage still pays the first tier''s flat amount'
)
ENGINE = MergeTree
ORDER BY price_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Every price of every version, one row a combination of dimension values';

CREATE TABLE IF NOT EXISTS dimension_values
(
    version_id UInt32 COMMENT 'The version',
    product_number UInt16 COMMENT 'The product''s place in the card',
    position UInt8 COMMENT 'The dimension''s place in the product, from 1',
    value String COMMENT 'A value with prices of its own; any other value is priced as *'
)
ENGINE = MergeTree
ORDER BY (version_id, product_number, position, value)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Dimension values that the card names';

CREATE TABLE IF NOT EXISTS rate_card_activations
(
    activation_id UInt64 COMMENT 'Number of the activation, rising',
    rate_card String COMMENT 'The card',
    version_id UInt32 COMMENT 'The version it puts in force',
    active_from DateTime64(3, 'UTC') COMMENT 'Events from this instant on',
    cohort String COMMENT 'For whom, JSON; "all" = everyone',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was made'
)
ENGINE = MergeTree
ORDER BY activation_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Which version rates whom from when: the latest start wins, then the later activation';
