-- name: drop_database
DROP DATABASE IF EXISTS {{ name }} SYNC
