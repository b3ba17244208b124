"""Everything that reads bytes from files of unknown origin."""
