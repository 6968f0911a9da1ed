-- How many contracts of a card an activation's cohort holds.
SELECT count()
FROM contract_records AS contract FINAL
WHERE contract.rate_card = {rate_card:String}
  AND
  (
      (SELECT any(cohort_id) FROM rate_card_activations WHERE activation_id = {activation_id:UInt64}) = 0
      OR contract_id IN
      (
          SELECT contract_id
          FROM cohort_contracts
          WHERE cohort_id = (SELECT any(cohort_id) FROM rate_card_activations WHERE activation_id = {activation_id:UInt64})
      )
  )
