SELECT table, sum(bytes_on_disk) AS bytes
FROM system.parts
WHERE active AND database = {database:String}
GROUP BY table
