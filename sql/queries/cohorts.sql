-- Every cohort that an activation is for, but for everyone.
SELECT cohort_id, any(cohort) AS cohort
FROM rate_card_activations
WHERE cohort_id != 0
GROUP BY cohort_id
ORDER BY cohort_id
