-- Whether billing periods have begun since the last mark.
SELECT count() > 0
FROM billing_period_records FINAL
WHERE NOT withdrawn
    AND period_start > (SELECT max(begun_until) FROM billing_marks)
    AND period_start <= {now:DateTime64(3, 'UTC')}
