SELECT positional, limited, standing, percentages, aggregated, tier_flats, overridden FROM deployed
