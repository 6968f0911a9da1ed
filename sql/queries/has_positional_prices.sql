SELECT count() > 0 FROM price_rows WHERE model != '' AND NOT per_event
