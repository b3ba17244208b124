"""Polygons cut into triangles: in order, concave ones without overlap, bent ones along the smallest surface.

Of all ways to cut a polygon, one whose triangles do not overlap has the smallest sum of areas. So one rule serves flat
concave polygons, where that sum is the polygon's own area, and polygons that are not flat (Barequet and Sharir,
"Filling gaps in the boundary of a polyhedron", 1995; Klincsek, "Minimal triangulations of polygonal domains", 1980).
Flat convex polygons, most of those in files, are cut as fans; quadrilaterals along the diagonal from their first
corner, unless it lies outside of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, FloatArray, Points3
from renderkit.errors import DatasetError
from renderkit.wording import counted

MAX_CORNERS = 1024
"""Corners of a polygon that is not convex and flat; more are refused."""

MAX_FLAT_CORNERS = 1 << 17
"""Corners of any polygon; more are refused."""

_MAX_WORK = 1_000_000_000
_WORK_OF_A_STEP = 1000
"""Triangles that may be weighed for one mesh (about a minute), and how many of them one step of the search costs."""

_CELLS = 4_000_000
_FLAT = 1.0 + 1e-9


def check_indices(indices: NDArray[Any], count: int, path: Path) -> NDArray[np.int32]:
    """Return vertex indices as int32.

    Raises:
        DatasetError: If one points outside the `count` vertices, or is no whole number.
    """
    if indices.dtype.kind == "f" and not (indices == np.floor(indices)).all():
        raise DatasetError(path, "faces", "cannot be read as a mesh: vertex indices are whole numbers")
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise DatasetError(
            path,
            "faces",
            f"cannot be read as a mesh: indices {indices.min():.0f}..{indices.max():.0f} point outside the "
            f"{counted(count, 'vertex')}",
        )
    return np.asarray(indices, np.int32)


def triangulate(
    vertices: Points3, sizes: NDArray[np.int64], corners: NDArray[np.int32], path: Path
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut polygons into triangles.

    Args:
        vertices: (V, 3).
        sizes: (P,) corners of each polygon, at least 3 each.
        corners: (sum of sizes,) vertex index of each corner, polygon after polygon.
        path: The file, for errors.

    Returns:
        (F, 3) positions in `corners`, polygon after polygon in their order; (F,) the polygon of each triangle.

    Raises:
        DatasetError: If a polygon has more than `MAX_FLAT_CORNERS` corners, or more than `MAX_CORNERS` and is not flat
            and convex.
    """
    if bool((sizes == 3).all()):
        return np.arange(3 * len(sizes)).reshape(-1, 3), np.arange(len(sizes))
    if (sizes > MAX_FLAT_CORNERS).any():
        first = int(np.argmax(sizes))
        raise DatasetError(path, f"face {first}", f"{sizes[first]} corners, over the limit of {MAX_FLAT_CORNERS}")
    starts = np.cumsum(sizes) - sizes
    polygon = np.repeat(np.arange(len(sizes)), sizes - 2)
    first_triangle = np.cumsum(sizes - 2) - (sizes - 2)
    triangles = np.empty((len(polygon), 3), np.int64)
    work = 0
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size)
        local, hard = _fans(vertices, corners, starts[chosen], int(size))
        if hard.size:
            work += _WORK_OF_A_STEP * int(size) ** 2 // 2 + int(hard.size) * int(size) ** 3 // 6
        if hard.size and (size > MAX_CORNERS or work > _MAX_WORK):
            raise DatasetError(
                path,
                f"face {chosen[hard[0]]}",
                f"{counted(hard.size, 'polygon')} of {size} corners are not flat and "
                f"convex; the limit is {MAX_CORNERS} corners "
                "and a minute of work: export the mesh as triangles",
            )
        step = max(1, _CELLS // int(size) ** 2)
        for begin in range(0, len(hard), step):
            part = hard[begin : begin + step]
            index = starts[chosen[part]][:, None] + np.arange(size)
            local[part] = _smallest(vertices[corners[index]])
        rows = first_triangle[chosen][:, None] + np.arange(size - 2)
        triangles[rows] = starts[chosen][:, None, None] + local
    return triangles, polygon


def _fans(
    vertices: Points3, corners: NDArray[np.int32], starts: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (P, size - 2, 3) triangles of polygons of one size, and which of the polygons need another cut."""
    steps = np.arange(1, size - 1)
    fan = np.column_stack([np.zeros_like(steps), steps, steps + 1])
    local = np.broadcast_to(fan, (len(starts), size - 2, 3)).copy()
    if size == 3:
        return local, np.empty(0, np.int64)
    bad = np.zeros(len(starts), np.bool_)
    step = max(1, _CELLS // size)
    for begin in range(0, len(starts), step):
        part = slice(begin, begin + step)
        points = vertices[corners[starts[part, None] + np.arange(size)]]
        if size == 4:
            local[part][_crosses_outside(points)] = [[0, 1, 3], [1, 2, 3]]
        else:
            bad[part] = ~_is_flat_and_convex(points)
    return local, np.flatnonzero(bad)


def _normals(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Return twice the area vectors of triangles; NaN or inf where a corner is."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.cross(b - a, c - a)


def _crosses_outside(points: FloatArray) -> BoolArray:
    """Whether the diagonal from the first corner of (P, 4, 3) quadrilaterals lies outside of them."""
    a, b, c, d = (points[:, corner] for corner in range(4))
    along_first = (_normals(a, b, c), _normals(a, c, d))
    along_second = (_normals(a, b, d), _normals(b, c, d))
    with np.errstate(invalid="ignore", over="ignore"):
        folded = np.einsum("ij,ij->i", *along_first) <= 0.0
        better = np.einsum("ij,ij->i", *along_second) > 0.0
    result: BoolArray = folded & better
    return result


def _is_flat_and_convex(points: FloatArray) -> BoolArray:
    """Whether the fans of (P, n, 3) polygons have the area of the polygons: none folds back, none is bent."""
    normals = _normals(points[:, :1], points[:, 1:-1], points[:, 2:])
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.linalg.norm(normals, axis=2).sum(axis=1)
        whole = np.linalg.norm(normals.sum(axis=1), axis=1)
        # What is not finite is refused elsewhere.
        flat: BoolArray = ~np.isfinite(total) | (total <= whole * _FLAT)
    return flat


def _smallest(points: FloatArray) -> NDArray[np.int64]:
    """Return the (P, n - 2, 3) triangles of (P, n, 3) polygons with the smallest sum of areas."""
    count, size = points.shape[:2]
    best = np.zeros((size, size, count))
    middle = np.zeros((size, size, count), np.int32)
    for span in range(2, size):
        for i in range(size - span):
            j = i + span
            between = np.arange(i + 1, j)
            ends = points[:, i, None], points[:, j, None]
            with np.errstate(invalid="ignore", over="ignore"):
                area = np.linalg.norm(_normals(ends[0], points[:, i + 1 : j], ends[1]), axis=2).T
                total = area + best[i, between] + best[between, j]
            chosen = np.argmin(total, axis=0)
            best[i, j] = np.take_along_axis(total, chosen[None], axis=0)[0]
            middle[i, j] = between[chosen]
    return np.stack([_collect(middle[:, :, polygon]) for polygon in range(count)])


def _collect(middle: NDArray[np.int32]) -> list[tuple[int, int, int]]:
    """Return the triangles that a table of chosen middles means."""
    pending = [(0, len(middle) - 1)]
    triangles: list[tuple[int, int, int]] = []
    while pending:
        i, j = pending.pop()
        if j - i < 2:
            continue
        k = int(middle[i, j])
        triangles.append((i, k, j))
        pending += [(k, j), (i, k)]
    return triangles
