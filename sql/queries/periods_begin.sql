-- Whether billing periods have begun since the last mark, versions or overrides have come into force, or charges are due.
SELECT count() > 0
FROM
(
    SELECT period_start AS at FROM billing_period_records FINAL WHERE NOT withdrawn
    UNION ALL
    SELECT active_from AS at FROM rate_card_activations
    UNION ALL
    SELECT slice_start AS at FROM override_slices FINAL WHERE NOT withdrawn
    UNION ALL
    SELECT due_at AS at FROM charge_records FINAL WHERE NOT withdrawn
)
WHERE at > (SELECT max(begun_until) FROM billing_marks)
    AND at <= {now:DateTime64(3, 'UTC')}
