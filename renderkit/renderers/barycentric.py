"""Barycentric weights from what a pixel sees: its face and its ray."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FaceIndexImage
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh

_CHUNK = 1 << 17


def barycentric_image(
    mesh: Mesh, camera: Camera, face_index: FaceIndexImage, ray: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Intersect each pixel's ray with the plane of its face, in double precision.

    Moller and Trumbore, "Fast, minimum storage ray-triangle intersection", 1997.

    Args:
        mesh: The mesh.
        camera: The view.
        face_index: (height, width) visible face; -1 on the background.
        ray: (height, width, 2) undistorted normalised coordinates of each covered pixel.

    Returns:
        (height, width, 3) weights of the face's vertices, each in [0, 1], their sum 1; zeros on the background.
    """
    result = np.zeros((*face_index.shape, 3), dtype=np.float32)
    flat, faces, rays = result.reshape(-1, 3), face_index.reshape(-1), ray.reshape(-1, 2)
    covered = np.flatnonzero(faces >= 0)
    points_cam = camera.cam_from_world.apply(mesh.vertices)
    for first in range(0, len(covered), _CHUNK):
        pixels = covered[first : first + _CHUNK]
        corners = points_cam[mesh.faces[faces[pixels]]]
        direction = np.ones((len(pixels), 3))
        direction[:, :2] = rays[pixels]
        edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        across, turned = np.cross(direction, edge2), np.cross(-corners[:, 0], edge1)
        determinant = np.einsum("ij,ij->i", edge1, across)
        # An edge-on face has no inside; its first vertex stands for it.
        scale = np.divide(1.0, determinant, out=np.zeros_like(determinant), where=determinant != 0.0)
        second = np.einsum("ij,ij->i", -corners[:, 0], across) * scale
        third = np.einsum("ij,ij->i", direction, turned) * scale
        weights = np.clip(np.column_stack([1.0 - second - third, second, third]), 0.0, 1.0)
        flat[pixels] = weights / weights.sum(axis=1, keepdims=True)
    return result
