"""What meshes and scenes are that are given as a capture or a camera file: for the refusal."""

from __future__ import annotations

from typing import Final

from renderkit.geometry.mesh_files import MESH_SUFFIXES

_MESHES: Final = tuple(suffix for suffix in MESH_SUFFIXES if suffix != ".npz")
_OTHERS: Final = frozenset({
    ".fbx", ".dae", ".usd", ".usda", ".usdc", ".usdz", ".3mf", ".abc", ".x3d", ".wrl", ".vtk", ".vtp", ".ctm", ".3ds",
    ".blend", ".mb", ".max", ".c4d", ".step", ".stp", ".iges", ".xyz", ".pcd", ".las", ".laz", ".e57", ".splat", ".drc",
})  # fmt: skip
"""Suffixes of meshes, scenes and clouds of points that nothing reads."""


def what_scene_it_is(suffix: str) -> str | None:
    """Return what a mesh or scene is by its suffix in lower case, and the way in; None for other files."""
    if suffix in _MESHES:
        return (
            "by its suffix it is a mesh: `renderkit render FILE` draws it, and --mesh FILE gives it to a capture or to "
            "the cameras of --rig FILE"
        )
    if suffix in _OTHERS:
        return (
            f"it is a mesh or scene in a format that is not read ({suffix}); export its mesh as one of "
            f"{', '.join(_MESHES)}, its cameras as transforms.json or COLMAP, from the program that wrote it"
        )
    return None
