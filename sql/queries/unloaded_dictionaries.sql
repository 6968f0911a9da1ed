SELECT name, toString(status) AS status
FROM system.dictionaries
WHERE database = {database:String} AND status NOT IN ('LOADED', 'LOADED_AND_RELOADING')
ORDER BY name
