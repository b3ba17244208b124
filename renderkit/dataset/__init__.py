"""Many captures in one run: found by content, cut into units of work, stored part by part, resumed, merged."""
