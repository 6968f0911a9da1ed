SELECT positional, limited, standing, percentages, aggregated, tier_flats, discounted FROM deployed
