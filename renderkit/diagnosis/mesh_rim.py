"""Where a mesh turns away from a camera: the edges among which its drawn outline is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, Faces, FloatArray, Pixels, Points3
from renderkit.geometry.camera import Camera

_ROUNDING: Final = 1e-6
_CORNERS: Final = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)])
"""Which of a box's two ends each of its corners takes along each axis."""


@dataclass(frozen=True, eq=False)
class MeshEdges:
    """Edges of a mesh with the faces on either side.

    Attributes:
        ends: (E, 2) vertices.
        sides: (2, E) faces; the second is -1 at the border of the mesh.
        corners: (3, F) vertices of the faces.
    """

    ends: NDArray[np.int32]
    sides: NDArray[np.int32]
    corners: Faces


def mesh_edges(faces: Faces) -> MeshEdges:
    """Pair the faces of each edge; of an edge that more than two faces share, two are kept."""
    heads = np.roll(faces, -1, axis=1)
    low, high = np.minimum(faces, heads).ravel(), np.maximum(faces, heads).ravel()
    keys = low.astype(np.int64) * (int(faces.max(initial=0)) + 1) + high
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    following = np.minimum(first + 1, len(keys) - 1)
    has_second = (keys[following] == keys[first]) & (following != first)
    owner = (order // 3).astype(np.int32)
    sides = np.stack([owner[first], np.where(has_second, owner[following], -1)]).astype(np.int32)
    return MeshEdges(np.column_stack([low, high])[order[first]], sides, np.ascontiguousarray(faces.T))


@dataclass(frozen=True, eq=False)
class Rim:
    """Edges in a camera.

    Attributes:
        vertices: (M,) vertices of the mesh that the edges use.
        ends: (K, 2) ends of the edges, as places among `vertices`.
        seen: (M, 3) the vertices in the camera's frame.
        pixels: (M, 2) px; NaN for what the camera does not see.
    """

    vertices: NDArray[np.int64]
    ends: NDArray[np.int64]
    seen: Points3
    pixels: Pixels


@dataclass(frozen=True, eq=False)
class EdgedMesh:
    """Vertices (V, 3) in world units, and the edges between them."""

    vertices: Points3
    edges: MeshEdges

    def rim(self, camera: Camera) -> Rim:
        """Return the edges between faces that turn differently in the picture, or at a border of the mesh."""
        edges = self.edges
        front = self._front_in_space(camera) if self._is_seen_whole(camera) else self._front_in_picture(camera)
        differs = (edges.sides[1] < 0) | (front.take(edges.sides[0]) != front.take(edges.sides[1]))
        ends = edges.ends.compress(differs, axis=0)
        is_used = np.zeros(len(self.vertices), np.bool_)
        is_used[ends] = True
        used = np.flatnonzero(is_used)
        seen = camera.cam_from_world.apply(self.vertices.take(used, 0))
        places = np.cumsum(is_used) - 1
        return Rim(used, places.take(ends), seen, camera.project_cam(seen))

    @cached_property
    def _planes(self) -> tuple[FloatArray, FloatArray]:
        """(F, 3) normals of the faces, of any length, and (F,) their products with a corner."""
        a, b, c = (self.vertices.take(corner, 0) for corner in self.edges.corners)
        normals = np.cross(b - a, c - a)
        return normals, np.einsum("ni,ni->n", normals, a)

    @cached_property
    def _box(self) -> Points3:
        """(8, 3) corners of the vertices' box."""
        bounds = np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)])
        return bounds[_CORNERS, [0, 1, 2]]

    def _is_seen_whole(self, camera: Camera) -> bool:
        """Whether all of the mesh surely lies where the camera's lens maps one to one: a cone is convex."""
        x, y, z = camera.cam_from_world.apply(self._box).T
        radius = camera.distortion.valid_radius
        return bool((z > 0.0).all() and (np.isinf(radius) or (np.hypot(x, y) < (1.0 - _ROUNDING) * radius * z).all()))

    def _front_in_space(self, camera: Camera) -> BoolArray:
        """Return (F,) which faces run clockwise in the picture: a lens that maps one to one keeps the sense."""
        normals, products = self._planes
        front: BoolArray = products > normals @ camera.center_world
        return front

    def _front_in_picture(self, camera: Camera) -> BoolArray:
        """Return (F,) which faces run clockwise in the picture, by their corners; none that is not seen whole."""
        pixels = camera.project(self.vertices)
        (ax, bx, cx), (ay, by, cy) = (
            [column.take(corner) for corner in self.edges.corners] for column in np.ascontiguousarray(pixels.T)
        )
        with np.errstate(invalid="ignore"):
            front: BoolArray = (bx - ax) * (cy - ay) > (by - ay) * (cx - ax)
        return front
