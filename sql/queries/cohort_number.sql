-- The number of a cohort that an activation was for before; 0 = none was.
SELECT min(cohort_id) FROM rate_card_activations WHERE cohort = {cohort:String} AND cohort_id != 0
