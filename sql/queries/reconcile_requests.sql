SELECT request_id, range_start, range_end, cause FROM reconcile_requests FINAL WHERE NOT done ORDER BY request_id
