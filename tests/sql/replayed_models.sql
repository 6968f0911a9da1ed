-- name: version_id
SELECT version_id FROM rate_card_versions WHERE version = {version:UInt32}

-- name: lines
SELECT product, exact_amount AS amount FROM invoice_lines WHERE contract_id = {contract:String} AND period_start = {at:DateTime64(3, 'UTC')}
