-- name: drop_view
DROP VIEW rated_usage_mv SYNC
