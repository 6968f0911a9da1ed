CREATE TABLE IF NOT EXISTS schema_migrations
(
    name String COMMENT 'The migration',
    hash String COMMENT 'SHA-256 of its text',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it ran'
)
ENGINE = MergeTree
ORDER BY name
COMMENT 'Migrations that were applied'
