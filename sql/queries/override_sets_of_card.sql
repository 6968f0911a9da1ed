-- The sets of overrides that some contract of a rate card has at some time, each with one such contract.
SELECT slice.set_hash AS set_hash, any(made.overrides) AS overrides, min(contract.contract_id) AS contract_id
FROM (SELECT contract_id, set_hash FROM override_slices FINAL WHERE NOT withdrawn AND set_hash != '') AS slice
INNER JOIN (SELECT contract_id, rate_card FROM contract_records FINAL) AS contract ON contract.contract_id = slice.contract_id
INNER JOIN override_sets AS made ON made.set_hash = slice.set_hash
WHERE contract.rate_card = {rate_card:String}
GROUP BY set_hash
ORDER BY set_hash
