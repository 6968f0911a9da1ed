SELECT shape_id FROM rating_shapes WHERE shape_hash = {hash:String} ORDER BY shape_id LIMIT 1
