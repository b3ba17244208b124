"""Calibration boards: what they are, where their corners are in pictures and in space, what that says of cameras."""
