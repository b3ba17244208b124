"""Gates: conditions on metrics that decide the exit code."""
