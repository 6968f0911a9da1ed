SELECT max(shape_id) + 1 FROM rating_shapes
