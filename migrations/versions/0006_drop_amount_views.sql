-- Views that stood between the ledger and the invoice views. The invoice views now say it all in one text: each view on
-- the way costs a read some milliseconds of planning.
DROP VIEW IF EXISTS usage_amounts;
DROP VIEW IF EXISTS hourly_amounts;
DROP VIEW IF EXISTS period_usage;
