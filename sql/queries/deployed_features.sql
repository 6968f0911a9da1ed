SELECT positional, limited, standing, percentages, aggregated, tier_flats FROM deployed
