SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'usage_amounts' AND comment LIKE '%; by position'
