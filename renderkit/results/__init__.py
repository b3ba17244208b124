"""What a run found: scores, metrics, rows, summaries and their JSON."""
