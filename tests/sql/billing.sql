-- name: count
SELECT count() FROM {table:Identifier}
