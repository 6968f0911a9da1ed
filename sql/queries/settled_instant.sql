-- Until when everything recorded has reached the ledger, by the server's clock. An insert that runs may still bring
-- what was recorded since it began, whatever table it names: a view may lead from there to the inbox.
SELECT subtractMilliseconds(now64(3, 'UTC'), toUInt64(ceil(max(elapsed) * 1000)) + {settling_milliseconds:UInt64})
FROM system.processes
WHERE query_kind IN ('Insert', 'AsyncInsertFlush')
