-- Events as they were sent. An amendment is rated by reconcile, in one insert with the reversal of what it replaces.
SELECT *
FROM usage_events
WHERE revision = 0
