SELECT max(period_id) + 1 FROM billing_period_records
