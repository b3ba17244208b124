"""Cameras for a mesh that comes without any: a ring of views around it."""

from __future__ import annotations

import math

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

_HALF_FIELD_RAD = math.radians(15.0)
_ELEVATION_RAD = math.radians(12.0)
_MARGIN = 1.08


def ring_of_views(mesh: Mesh, num_views: int, size: tuple[int, int]) -> Rig:
    """Return cameras evenly around a mesh, a little above, each showing all of it.

    The mesh is taken to stand upright along +Y, as most mesh files do, its front towards +Z; the first camera looks at
    its front, the others follow counter-clockwise seen from above.

    Args:
        mesh: What to look at.
        num_views: At least 1.
        size: (width, height) in px.

    Raises:
        ValueError: If there is no view to make, or the mesh has no extent.
    """
    if num_views < 1:
        raise ValueError(f"expected at least 1 view, got {num_views}")
    center = mesh.surface_bounds.mean(axis=0)
    used = mesh.surface_vertices
    radius = float(np.max(np.linalg.norm((mesh.vertices if used is None else used) - center, axis=1)))
    if not radius > 0.0:
        raise ValueError("the mesh has no extent: all of its vertices are one point")
    focal = 0.5 * min(size) / math.tan(_HALF_FIELD_RAD)
    distance = _MARGIN * radius / math.sin(_HALF_FIELD_RAD)
    intrinsics = np.array([[focal, 0.0, 0.5 * (size[0] - 1)], [0.0, focal, 0.5 * (size[1] - 1)], [0.0, 0.0, 1.0]])
    digits = len(str(num_views - 1))
    cameras = {}
    for index in range(num_views):
        name = f"{index:0{digits}d}"
        pose = _look_from(2.0 * math.pi * index / num_views, center, distance)
        cameras[name] = Camera(intrinsics, *size, cam_from_world=pose, name=name)
    return Rig(cameras, source="circle around the mesh")


def _look_from(azimuth_rad: float, center: FloatArray, distance: float) -> Pose:
    """Return the pose of a camera at an azimuth from +Z towards +X, looking at `center`, +Y up."""
    level = math.cos(_ELEVATION_RAD)
    outward = np.array([level * math.sin(azimuth_rad), math.sin(_ELEVATION_RAD), level * math.cos(azimuth_rad)])
    return Pose.look_at(center + distance * outward, center)
