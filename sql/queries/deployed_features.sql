SELECT positional, limited, standing, percentages, aggregated, tier_flats, overridden, discounted FROM deployed
