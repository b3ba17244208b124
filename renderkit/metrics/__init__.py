"""Plain arrays in, frozen scores out."""
