"""Captures with known truth: a procedural head, rigs, planted faults, and writers of the datasets' on-disk formats."""
