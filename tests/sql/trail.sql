-- name: entries
SELECT * FROM audit_log ORDER BY sequence

-- name: forge
ALTER TABLE audit_trail UPDATE author = {author:String}, entry_hash = {entry_hash:String}
WHERE sequence = {sequence:UInt64}
SETTINGS mutations_sync = 2

-- name: cut_off
DELETE FROM audit_trail WHERE sequence >= {since:UInt64}

-- name: change_contract
ALTER TABLE contract_records UPDATE document = replaceOne(document, 'UTC', 'CET') WHERE contract_id = {contract_id:String}
SETTINGS mutations_sync = 2

-- name: remove_contract
DELETE FROM contract_records WHERE contract_id = {contract_id:String}

-- name: change_customer
ALTER TABLE customer_records UPDATE attributes = map('segment', 'pilot') WHERE customer_id = {customer_id:String}
SETTINGS mutations_sync = 2
