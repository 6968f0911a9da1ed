SELECT positional, limited, standing, percentages, aggregated FROM deployed
