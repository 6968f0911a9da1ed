-- What a version has to pass before it is activated, and what was activated all the same.

ALTER TABLE rate_card_versions ADD COLUMN IF NOT EXISTS meters String COMMENT 'What each of its meters counts, JSON in one form; empty = published before this was kept' AFTER shape_id;

ALTER TABLE rate_card_activations ADD COLUMN IF NOT EXISTS forced String COMMENT 'Gates that it failed and their reasons, JSON: it was forced; empty = it passed' AFTER note;
