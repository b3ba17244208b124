"""Camera-only file formats, read and written."""
