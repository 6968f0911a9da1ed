-- For whom a version is activated, and who made versions and activations and why.

ALTER TABLE rate_card_activations ADD COLUMN IF NOT EXISTS cohort_id UInt64 COMMENT 'Number of the cohort: that of the first activation for it; 0 = everyone' AFTER cohort;

ALTER TABLE rate_card_activations ADD COLUMN IF NOT EXISTS author String COMMENT 'Who made it, as told' AFTER cohort_id;

ALTER TABLE rate_card_activations ADD COLUMN IF NOT EXISTS note String COMMENT 'Why, as told' AFTER author;

ALTER TABLE rate_card_versions ADD COLUMN IF NOT EXISTS parent UInt32 COMMENT 'Number of the version that it was made from, as told; 0 = not told' AFTER shape_id;

ALTER TABLE rate_card_versions ADD COLUMN IF NOT EXISTS author String COMMENT 'Who published it, as told' AFTER parent;

ALTER TABLE rate_card_versions ADD COLUMN IF NOT EXISTS note String COMMENT 'Why, as told' AFTER author;
