-- name: billed
SELECT sum(amount) FROM invoice_lines

-- name: take_everything_back
INSERT INTO rated_usage
SELECT * REPLACE (-sign AS sign, recorded_at + INTERVAL 1 MILLISECOND AS recorded_at)
FROM rated_usage

-- name: period_id
SELECT period_id FROM billing_periods WHERE period_start = '2026-02-01'

-- name: merge_periods
OPTIMIZE TABLE billing_period_records FINAL
