-- Recurring grants, rollovers, and the voiding of grants by command.

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS recurring_grant_id String COMMENT 'The recurring grant that it is one recurrence of; empty = none' AFTER source;

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS parent_grant_id String COMMENT 'Of a rollover the grant whose rest it is; empty = none' AFTER recurring_grant_id;

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS parent_paid Decimal(38, 24) COMMENT 'Of a rollover what its parent cost, in the contract''s currency' AFTER parent_grant_id;

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS rollover_fraction Decimal(38, 9) COMMENT 'Of a rollover the part of the rest' AFTER parent_paid;

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS rollover_max Decimal(38, 24) COMMENT 'Of a rollover the most units' AFTER rollover_fraction;

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS void_from Nullable(DateTime64(3, 'UTC')) COMMENT 'From when a command voided it, whatever its contract says; null = never' AFTER rollover_max;

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS void_reason String COMMENT 'Why it was voided by command' AFTER void_from;

ALTER TABLE grant_records ADD COLUMN IF NOT EXISTS void_series Bool COMMENT 'True: the command voided the recurring grant, with the recurrences that would come' AFTER void_reason;
