"""The slack that a subject's roundness alone gives its contour points.

A contour point lies on another camera's contour only if that camera is in the plane that touches the subject there.
Other cameras see it inside their contour: a ball of radius r by r (1 - cos a), for an angle a out of that plane. Slacks
of a sound rig are therefore positive, and larger where the rig has gaps. A fit that takes them for noise finds cameras
beside a gap shifted: by 0.35 px in a rig of 24.
"""

from __future__ import annotations

import numpy as np

from renderkit.arrays import FloatArray, Points3
from renderkit.diagnosis.silhouettes.prepare import Silhouette
from renderkit.geometry.camera import Camera


def touching_normals(silhouette: Silhouette) -> Points3:
    """Return (n, 3) unit normals, into the subject, of the planes through the contour's tangents and the camera.

    Args:
        silhouette: Its points are n, inside the picture.
    """
    camera, points, field = silhouette.camera, silhouette.points, silhouette.distance
    x, y = np.rint(points).astype(np.int64).T
    inwards = np.stack([field[y, x + 1] - field[y, x - 1], field[y + 1, x] - field[y - 1, x]], axis=1)
    line = np.column_stack([inwards, -(inwards * points).sum(axis=1)])
    normals = line @ camera.K @ camera.cam_from_world.R
    unit: Points3 = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit


def depth_inside(camera: Camera, places: Points3, normals: Points3, radius: float) -> FloatArray:
    """Return (n,) px by which places on a ball lie inside its contour in a camera's picture.

    Args:
        camera: The camera.
        places: (n, 3) on the ball's surface, world units.
        normals: (n, 3) the surface's unit normals there, of either sign.
        radius: The ball's, world units.
    """
    towards = camera.center_world - places
    away = np.linalg.norm(towards, axis=1)
    sine = (normals * towards).sum(axis=1) / away
    depth: FloatArray = (1.0 - np.sqrt(np.maximum(1.0 - sine**2, 0.0))) * radius * camera.K[0, 0] / away
    return depth
