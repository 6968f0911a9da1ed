SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'invoice_breakdown' AND comment LIKE '%; by position'
