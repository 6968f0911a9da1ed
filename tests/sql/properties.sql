-- name: merge
OPTIMIZE TABLE {{ table }} FINAL
