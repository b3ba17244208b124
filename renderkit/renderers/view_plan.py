"""How to draw a mesh into a camera: which faces as they are, which in pieces, which not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, Points3
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import NoDistortion
from renderkit.geometry.mesh import Mesh
from renderkit.renderers.lens_bounds import LensBounds, LensCatalog
from renderkit.renderers.subdivide import STRAIGHTNESS_PX, Pieces, subdivide


@dataclass(frozen=True, eq=False)
class ViewPlan:
    """How to draw one mesh into one camera.

    Attributes:
        whole: Whether every face lies in front of the camera and inside the lens's limit, so that none is cut off.
        hidden: (H,) faces that are not drawn as they are.
        pieces: What is drawn in their place; None where nothing is.
        limit: The lens's limit (`LensBounds.limit`).
    """

    whole: bool
    hidden: NDArray[np.int64] | None = None
    pieces: Pieces | None = None
    limit: float = float("inf")


def plan_view(
    mesh: Mesh, corners: Points3, longest_edges: FloatArray, camera: Camera, catalog: LensCatalog
) -> ViewPlan:
    """Decide how to draw a mesh.

    Args:
        mesh: The mesh.
        corners: (8, 3) corners of its bounding box in world units: what holds for them holds for all vertices,
            because the lens's limit is a cone.
        longest_edges: (F,) length of each face's longest edge in world units.
        camera: The view.
        catalog: Keeps what was found out about each camera's lens.
    """
    corners_cam = camera.cam_from_world.apply(corners)
    in_front = bool((corners_cam[:, 2] > 0.0).all())
    if isinstance(camera.distortion, NoDistortion):
        return ViewPlan(in_front)
    bounds = catalog.get(camera)
    whole = bool(bounds.before_fold(corners_cam).all())
    candidates = np.flatnonzero(longest_edges > _straight_length(corners_cam, bounds)) if whole else None
    if candidates is not None and not candidates.size:
        return ViewPlan(True, limit=bounds.limit)
    hidden, points_cam = _coarse_faces(mesh, candidates, camera, bounds)
    if not hidden.size:
        return ViewPlan(whole, limit=bounds.limit)
    pieces = subdivide(points_cam, hidden.astype(np.int32), bounds)
    if whole:
        hidden, pieces = _only_cut(hidden, pieces)
    return ViewPlan(whole, hidden if hidden.size else None, pieces if len(pieces) else None, bounds.limit)


def _straight_length(corners_cam: Points3, bounds: LensBounds) -> float:
    """Return the length in world units below which no edge in the box is bent by more than the tolerance.

    An edge of length l at depth z or more spans at most l sqrt(1 + r^2) / z normalised units at radius r.
    """
    nearest = float(np.min(corners_cam[:, 2]))
    radius = float(np.max(np.hypot(corners_cam[:, 0], corners_cam[:, 1]) / corners_cam[:, 2]))
    curvature = float(bounds.curvature_within(np.array([radius]))[0])
    if curvature == 0.0:
        return float("inf")
    return float(np.sqrt(8.0 * STRAIGHTNESS_PX / curvature)) * nearest / float(np.sqrt(1.0 + radius**2))


def _coarse_faces(
    mesh: Mesh, candidates: NDArray[np.int64] | None, camera: Camera, bounds: LensBounds
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the faces that may be bent or reach outside the limit, and their (N, 3, 3) corners.

    Args:
        mesh: The mesh.
        candidates: Faces to look at, known to be inside the limit; None for all faces, known nothing of.
        camera: The view.
        bounds: Its lens.
    """
    faces = mesh.faces if candidates is None else mesh.faces[candidates]
    points_cam = camera.cam_from_world.apply(mesh.vertices)
    if candidates is None:
        inside = bounds.before_fold(points_cam)
        coarse = ~inside[faces].all(axis=1)
        points = np.where(inside[:, None], points_cam, (0.0, 0.0, 1.0))
    else:
        coarse = np.zeros(len(faces), dtype=np.bool_)
        points = points_cam
    # A vertex that no face uses may lie anywhere; its numbers are not used either.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x, y = points[:, 0] / points[:, 2], points[:, 1] / points[:, 2]
    allowed = 8.0 * STRAIGHTNESS_PX / np.maximum(bounds.curvature_within(np.hypot(x, y)), 1e-300)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        a, b = faces[:, start], faces[:, end]
        coarse |= (x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2 > np.minimum(allowed[a], allowed[b])
    chosen = np.flatnonzero(coarse)
    return chosen if candidates is None else candidates[chosen], points_cam[faces[chosen]]


def _only_cut(hidden: NDArray[np.int64], pieces: Pieces) -> tuple[NDArray[np.int64], Pieces]:
    """Leave out the faces that turned out to need no cut; they are drawn as they are."""
    count = np.bincount(pieces.face, minlength=int(np.max(hidden)) + 1)
    cut = count[pieces.face] > 1
    return hidden[count[hidden] > 1], Pieces(pieces.face[cut], pieces.weights[cut])
