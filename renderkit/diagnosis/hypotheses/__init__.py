"""What could be wrong with one camera: one function per fault in these files, one line each in registry.py."""
