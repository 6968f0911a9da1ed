-- Every version of a rate card has prices for the overrides of the card's contracts.
SELECT contract.contract_id AS contract_id, version.rate_card AS rate_card, version.version AS version, slice.slice_start AS slice_start
FROM (SELECT contract_id, slice_start, set_hash FROM override_slices FINAL WHERE NOT withdrawn AND set_hash != '') AS slice
INNER JOIN (SELECT contract_id, rate_card FROM contract_records FINAL) AS contract ON contract.contract_id = slice.contract_id
INNER JOIN rate_card_versions AS version ON version.rate_card = contract.rate_card
WHERE (version.version_id, slice.set_hash) NOT IN (SELECT version_id, set_hash FROM price_variants)
LIMIT 100
