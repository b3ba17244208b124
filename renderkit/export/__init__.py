"""Exports for other viewers: glTF, Rerun, plots of a rig."""
