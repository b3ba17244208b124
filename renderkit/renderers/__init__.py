"""Renderers: a mesh and a camera in, arrays out."""
