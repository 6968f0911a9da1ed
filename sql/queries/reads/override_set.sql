SELECT any(overrides) FROM override_sets WHERE set_hash = {set_hash:String}
