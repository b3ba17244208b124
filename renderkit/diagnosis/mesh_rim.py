"""Where a mesh turns away from a camera: the edges among which its drawn outline is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray, Pixels, Points3
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
    ends: NDArray[np.int32]
    seen: Points3
    pixels: Pixels


@dataclass(frozen=True, eq=False)
class EdgedMesh:
    """Vertices (V, 3) in world units, and the edges between them."""

    vertices: Points3
    edges: MeshEdges

    def rim(self, camera: Camera) -> Rim:
        """Return the edges between faces that turn differently in the picture, or at a border of the mesh."""
        from renderkit.renderers.cpu.points import project_points  # noqa: PLC0415 - loads the compiler

        ends, used = self._rim_in_space(camera) if self._is_seen_whole(camera) else self._rim_in_picture(camera)
        seen = camera.cam_from_world.apply(self.vertices.take(used, 0))
        return Rim(used, ends, seen, project_points(camera, seen))

    def _rim_in_space(self, camera: Camera) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the edges and their vertices by the faces' planes: a lens that maps one to one keeps the sense."""
        from renderkit.diagnosis.outline_kernels import find_rim  # noqa: PLC0415 - loads the compiler

        edges, count = self.edges, len(self.vertices)
        rim, used = np.empty_like(edges.ends), np.empty(count, np.int64)
        front, places = np.empty(len(self._planes), np.uint8), np.full(count, -1, np.int32)
        found = find_rim(self._planes, camera.center_world, edges.sides, edges.ends, front, places, rim, used)
        return rim[: found[0]], used[: found[1]]

    def _rim_in_picture(self, camera: Camera) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the edges and their vertices by the faces' corners in the picture; none is in front that is cut."""
        pixels, edges = camera.project(self.vertices), self.edges
        (ax, bx, cx), (ay, by, cy) = (
            [column.take(corner) for corner in edges.corners] for column in np.ascontiguousarray(pixels.T)
        )
        with np.errstate(invalid="ignore"):
            front = (bx - ax) * (cy - ay) > (by - ay) * (cx - ax)
        ends = edges.ends[(edges.sides[1] < 0) | (front[edges.sides[0]] != front[edges.sides[1]])]
        used, places = np.unique(ends, return_inverse=True)
        return places.reshape(ends.shape).astype(np.int32), used.astype(np.int64)

    @cached_property
    def _planes(self) -> FloatArray:
        """(F, 4) normals of the faces, of any length, and their products with a corner."""
        a, b, c = (self.vertices.take(corner, 0) for corner in self.edges.corners)
        normals = np.cross(b - a, c - a)
        return np.column_stack([normals, np.einsum("ni,ni->n", normals, a)])

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
