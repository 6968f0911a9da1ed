SELECT max(request_id) + 1 FROM reconcile_requests
