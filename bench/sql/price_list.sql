SELECT product, dimensions['model'] AS model_name, dimensions['region'] AS region_name, unit_amount
FROM prices_in_force
WHERE rate_card = {rate_card:String}
