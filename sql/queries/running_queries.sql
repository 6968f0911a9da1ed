SELECT count() FROM system.processes WHERE query_id = {query_id:String}
