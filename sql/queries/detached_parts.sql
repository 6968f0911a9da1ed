SELECT table, name, reason FROM system.detached_parts WHERE database = {database:String} ORDER BY table, name
