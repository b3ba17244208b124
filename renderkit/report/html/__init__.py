"""report.html: one self-contained page that works from disk, offline."""
