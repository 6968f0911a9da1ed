-- name: definition
SELECT create_table_query AS text
FROM system.tables
WHERE database = {d:String} AND name = {n:String}
