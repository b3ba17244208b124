"""Silhouette coherence: what mattes alone say about a rig's cameras.

A ray through a matte's contour must somewhere lie inside every other matte. The best it can do is its slack: the
smallest signed distance to the other mattes' edges, at the depth where that is largest. Negative slack is a conflict.
After Hernandez, Schmitt and Cipolla, "Silhouette coherence for camera calibration under circular motion" (PAMI 2007).
"""
