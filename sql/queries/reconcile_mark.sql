SELECT max(recorded_until) FROM reconcile_marks
