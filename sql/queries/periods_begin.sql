-- Whether billing periods have begun since the last mark, or versions or overrides have come into force.
SELECT
    (
        SELECT count()
        FROM billing_period_records FINAL
        WHERE NOT withdrawn
            AND period_start > (SELECT max(begun_until) FROM billing_marks)
            AND period_start <= {now:DateTime64(3, 'UTC')}
    ) > 0
    OR
    (
        SELECT count()
        FROM rate_card_activations
        WHERE active_from > (SELECT max(begun_until) FROM billing_marks)
            AND active_from <= {now:DateTime64(3, 'UTC')}
    ) > 0
    OR
    (
        SELECT count()
        FROM override_slices FINAL
        WHERE NOT withdrawn
            AND slice_start > (SELECT max(begun_until) FROM billing_marks)
            AND slice_start <= {now:DateTime64(3, 'UTC')}
    ) > 0
