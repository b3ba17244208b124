"""Mesh files read as they are written: vertices and faces in the file's order, each texture with its own faces."""

from renderkit.geometry.mesh_files.load import MESH_SUFFIXES, read_mesh_file

__all__ = ["MESH_SUFFIXES", "read_mesh_file"]
