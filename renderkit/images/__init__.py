"""Encoded pictures: their size, and fast decoding of what PNG mattes need."""
