SELECT contract_id, document FROM contract_records FINAL WHERE contract_id IN {contract_ids:Array(String)} AND document != ''
