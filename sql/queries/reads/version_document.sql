-- A version as it was published; nothing where the text is longer than is asked for.
SELECT document FROM rate_card_versions WHERE version_id = {version_id:UInt32} AND length(document) <= {most_bytes:UInt64}
