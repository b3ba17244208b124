"""The exact closest point of a triangle mesh: a compiled bounding-volume tree.

trimesh's own query needs the rtree package and visits candidates in Python; SciPy's tree knows points, not triangles.
Numba is here already for the outlines, and a tree over Morton-sorted triangles is short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, Points3, as_array
from renderkit.compiled import kernel
from renderkit.geometry.mesh import Mesh

IndexArray: TypeAlias = NDArray[np.int64]

_LEAF = 4
_DEPTH = 64

_THIN = 1e-6
"""Squared sine of the angle at the first corner below which a triangle's edges are looked at as well."""


@dataclass(frozen=True, eq=False)
class ClosestPoints:
    """Where (N,) queries are nearest to a mesh.

    Attributes:
        points: (N, 3) closest points on the surface, world units.
        distances: (N,) unsigned distances, world units.
        faces: (N,) face that holds each closest point.
    """

    points: Points3
    distances: FloatArray
    faces: IndexArray


class SurfaceTree:
    """A mesh indexed for closest-point queries; exact in float64."""

    def __init__(self, mesh: Mesh) -> None:
        """Build the tree.

        Args:
            mesh: Surface in world units.

        Raises:
            ValueError: If the mesh has no faces.
        """
        if not len(mesh.faces):
            raise ValueError(f"mesh {mesh.name!r} has no faces; distances need a surface")
        corners = mesh.vertices[mesh.faces]
        order = np.argsort(_morton_codes(corners.mean(axis=1)), kind="stable")
        self._order = order
        self._corners = np.ascontiguousarray(corners[order])
        self._boxes = _boxes(self._corners)

    def closest(self, points: Points3) -> ClosestPoints:
        """Find the closest surface points of (N, 3) finite points in world units.

        Raises:
            ValueError: If the points are not (N, 3) or not finite.
        """
        # A copy: kernels take writable arrays only, a mesh's vertices are not.
        queries = np.array(as_array(points, np.float64, (None, 3), "points"), order="C")
        if not np.isfinite(queries).all():
            raise ValueError("points: expected finite coordinates; leave out points that are NaN")
        found, squared = np.empty_like(queries), np.empty(len(queries))
        index = np.empty(len(queries), np.int64)
        scratch = (np.empty((2, 3)), np.empty(_DEPTH, np.int64), np.empty(_DEPTH))
        _search_all(queries, self._corners, self._boxes, found, squared, index, *scratch)
        return ClosestPoints(found, np.sqrt(squared), self._order[index])


def _morton_codes(centers: Points3) -> IndexArray:
    """Interleave 20 bits of each coordinate, so that neighbours in space are neighbours in order."""
    low = centers.min(axis=0)
    extent = float(np.max(np.ptp(centers, axis=0))) or 1.0
    cells = ((centers - low) / extent * (2**20 - 1)).astype(np.int64)
    code = np.zeros(len(centers), np.int64)
    for bit in range(20):
        for axis in range(3):
            code |= ((cells[:, axis] >> bit) & 1) << (3 * bit + axis)
    return code


def _boxes(corners: FloatArray) -> FloatArray:
    """Return (2 * leaves, 6) boxes of a binary tree in heap order: node 1 is the root, empty leaves are inverted."""
    num_leaves = 1 << max(0, int(np.ceil(np.log2(np.ceil(len(corners) / _LEAF)))))
    boxes = np.empty((2 * num_leaves, 6))
    boxes[:, :3], boxes[:, 3:] = np.inf, -np.inf
    starts = np.arange(0, len(corners), _LEAF)
    filled = slice(num_leaves, num_leaves + len(starts))
    boxes[filled, :3] = np.minimum.reduceat(corners.min(axis=1), starts)
    boxes[filled, 3:] = np.maximum.reduceat(corners.max(axis=1), starts)
    level = num_leaves
    while level > 1:
        children = boxes[level : 2 * level].reshape(-1, 2, 6)
        level //= 2
        boxes[level : 2 * level, :3] = children[:, :, :3].min(axis=1)
        boxes[level : 2 * level, 3:] = children[:, :, 3:].max(axis=1)
    return boxes


@kernel
def _square_to_box(point: FloatArray, box: FloatArray) -> float:
    total = 0.0
    for axis in range(3):
        outside = max(box[axis] - point[axis], point[axis] - box[axis + 3], 0.0)
        total += outside * outside
    return total


@kernel
def _square_to_segment(point: FloatArray, a: FloatArray, b: FloatArray, nearest: FloatArray) -> float:
    """Write the segment's closest point to `nearest`; a segment without length is a point."""
    along, length = 0.0, 0.0
    for axis in range(3):
        along += (point[axis] - a[axis]) * (b[axis] - a[axis])
        length += (b[axis] - a[axis]) * (b[axis] - a[axis])
    share = min(max(along / length, 0.0), 1.0) if length > 0.0 else 0.0
    total = 0.0
    for axis in range(3):
        nearest[axis] = a[axis] + share * (b[axis] - a[axis])
        total += (point[axis] - nearest[axis]) ** 2
    return total


@kernel
def _square_to_inside(point: FloatArray, triangle: FloatArray, nearest: FloatArray) -> float:
    """Write the foot of the perpendicular to `nearest`; infinity when it lies outside of the triangle.

    The second edge is made orthogonal to the first before anything is divided by its length: the Gram determinant of
    both edges would lose twice as many digits in a nearly collinear triangle.
    """
    uu, uv = 0.0, 0.0
    for axis in range(3):
        u, v = triangle[1, axis] - triangle[0, axis], triangle[2, axis] - triangle[0, axis]
        uu, uv = uu + u * u, uv + u * v
    if uu <= 0.0:
        return np.inf
    along = uv / uu
    ww, pu, pw = 0.0, 0.0, 0.0
    for axis in range(3):
        u, p = triangle[1, axis] - triangle[0, axis], point[axis] - triangle[0, axis]
        w = (triangle[2, axis] - triangle[0, axis]) - along * u
        ww, pu, pw = ww + w * w, pu + p * u, pw + p * w
    if ww <= 0.0:
        return np.inf
    second = pw / ww
    first = pu / uu - second * along
    if first < 0.0 or second < 0.0 or first + second > 1.0:
        return np.inf
    total = 0.0
    for axis in range(3):
        u, v = triangle[1, axis] - triangle[0, axis], triangle[2, axis] - triangle[0, axis]
        nearest[axis] = triangle[0, axis] + first * u + second * v
        total += (point[axis] - nearest[axis]) ** 2
    return total


@kernel
def _is_thin(triangle: FloatArray) -> bool:
    """Whether the angle at the first corner is so near 0 or pi that rounding moves the foot of a perpendicular."""
    uu, uv, vv = 0.0, 0.0, 0.0
    for axis in range(3):
        u, v = triangle[1, axis] - triangle[0, axis], triangle[2, axis] - triangle[0, axis]
        uu, uv, vv = uu + u * u, uv + u * v, vv + v * v
    return uu * vv - uv * uv <= _THIN * uu * vv


@kernel
def _square_to_triangle(point: FloatArray, triangle: FloatArray, nearest: FloatArray, on_edge: FloatArray) -> float:
    """Write the triangle's closest point to `nearest`: the foot of the perpendicular, or a point of an edge."""
    best: float = _square_to_inside(point, triangle, nearest)
    # The edges of a thin triangle are looked at too: it is never farther away than they are.
    if best < np.inf and not _is_thin(triangle):
        return best
    for edge in range(3):
        distance = _square_to_segment(point, triangle[edge], triangle[(edge + 1) % 3], on_edge)
        if distance < best:
            best = distance
            nearest[0], nearest[1], nearest[2] = on_edge[0], on_edge[1], on_edge[2]
    return best


@kernel
def _search_one(
    point: FloatArray,
    corners: FloatArray,
    boxes: FloatArray,
    found: FloatArray,
    candidates: FloatArray,
    nodes: IndexArray,
    bounds: FloatArray,
) -> tuple[float, int]:
    """Walk the tree, nearer child first, and skip boxes that cannot hold anything nearer."""
    num_leaves = len(boxes) // 2
    candidate, on_edge = candidates[0], candidates[1]
    best, index = np.inf, -1
    nodes[0], bounds[0], size = 1, 0.0, 1
    while size:
        size -= 1
        node = nodes[size]
        if bounds[size] >= best:
            continue
        if node < num_leaves:
            to_left, to_right = _square_to_box(point, boxes[2 * node]), _square_to_box(point, boxes[2 * node + 1])
            left_last = 1 if to_left < to_right else 0
            nodes[size + left_last], bounds[size + left_last] = 2 * node, to_left
            nodes[size + 1 - left_last], bounds[size + 1 - left_last] = 2 * node + 1, to_right
            size += 2
            continue
        start = (node - num_leaves) * _LEAF
        for face in range(start, min(start + _LEAF, len(corners))):
            distance = _square_to_triangle(point, corners[face], candidate, on_edge)
            if distance < best:
                best, index = distance, face
                found[0], found[1], found[2] = candidate[0], candidate[1], candidate[2]
    return best, index


@kernel
def _search_all(
    queries: FloatArray,
    corners: FloatArray,
    boxes: FloatArray,
    points: FloatArray,
    squared: FloatArray,
    index: IndexArray,
    candidates: FloatArray,
    nodes: IndexArray,
    bounds: FloatArray,
) -> None:
    for query in range(len(queries)):
        squared[query], index[query] = _search_one(
            queries[query], corners, boxes, points[query], candidates, nodes, bounds
        )
