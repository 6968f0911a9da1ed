SELECT contract_id, slice_start, set_hash
FROM override_slices FINAL
WHERE contract_id IN {contract_ids:Array(String)} AND NOT withdrawn
