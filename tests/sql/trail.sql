-- name: entries
SELECT * FROM audit_log ORDER BY sequence

-- name: forge
ALTER TABLE audit_trail UPDATE author = {author:String}, entry_hash = {entry_hash:String}
WHERE sequence = {sequence:UInt64}
SETTINGS mutations_sync = 2
