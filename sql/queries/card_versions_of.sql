-- The rate card versions behind price ids' versions and variants.
SELECT DISTINCT card_version_id FROM priced_versions WHERE version_id IN {version_ids:Array(UInt32)} ORDER BY card_version_id
