"""Rendering and projection validation for calibrated multi-view captures."""
