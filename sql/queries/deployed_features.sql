SELECT positional, limited, standing, percentages, aggregated, tier_flats, overridden, discounted, charged, minimums, promised FROM deployed
