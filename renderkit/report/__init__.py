"""Writers: each makes one file of a run folder from a finished report."""
