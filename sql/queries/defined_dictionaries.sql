-- The dictionaries that are as the hash of a definition says.
SELECT name
FROM system.tables
WHERE database = {database:String} AND endsWith(comment, concat('; ', {definition:String}))
