"""Turns a distance field into a triangle mesh: dual ("surface nets") meshing on a grid with chosen spacing.

Method: Gibson, "Constrained elastic surface nets", 1998, with each vertex then moved onto the field's zero by one
Newton step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import BoolArray, Faces, Points3
from renderkit.synth.fields import Field, FieldPoints

_BLOCK = 4
_CHUNK = 1 << 15


def mesh_field(distance: Callable[[FieldPoints], Field], axes: tuple[Field, Field, Field]) -> tuple[Points3, Faces]:
    """Mesh the zero of a distance field.

    Args:
        distance: (N, 3) points to (N,) distances, negative inside; changes by at most about 1.2 per unit of length.
        axes: Ascending grid coordinates along x, y and z.

    Returns:
        (V, 3) vertices and (F, 3) faces, counter-clockwise seen from outside.
    """
    volume = _sample(distance, axes)
    inside = volume < 0.0
    shape = np.array(volume.shape) - 1
    count = np.zeros(tuple(shape), dtype=np.uint8)
    for corner in range(8):
        count += _corner_view(inside, corner)
    cells = np.flatnonzero((count > 0) & (count < 8))
    vertices = _cell_vertices(volume, axes, cells, tuple(shape))
    vertices = _step_onto_zero(distance, vertices, axes)
    return vertices.astype(np.float64), _quads(inside, cells, tuple(shape))


def evaluate(distance: Callable[[FieldPoints], Field], points: FieldPoints) -> Field:
    """Evaluate a field in chunks, so that its temporaries stay small."""
    parts = [distance(np.asfortranarray(points[start : start + _CHUNK])) for start in range(0, len(points), _CHUNK)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, dtype=np.float32)


def gradient(distance: Callable[[FieldPoints], Field], points: FieldPoints, step: float) -> FieldPoints:
    """Return the (N, 3) gradient by four samples at the corners of a tetrahedron."""
    total = np.zeros_like(points)
    for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        direction = np.array(corner, dtype=np.float32)
        total += direction * evaluate(distance, points + np.float32(step) * direction)[:, None]
    return total / np.float32(4.0 * step)


def _sample(distance: Callable[[FieldPoints], Field], axes: tuple[Field, Field, Field]) -> NDArray[np.float32]:
    """Sample the grid, at full density only in blocks that the surface may cross."""
    shape = tuple(len(axis) for axis in axes)
    starts = [np.arange(0, length - 1, _BLOCK) for length in shape]
    ends = [np.minimum(start + _BLOCK, length - 1) for start, length in zip(starts, shape, strict=True)]
    middles = [0.5 * (axis[a] + axis[b]) for axis, a, b in zip(axes, starts, ends, strict=True)]
    halves = [0.5 * (axis[b] - axis[a]) for axis, a, b in zip(axes, starts, ends, strict=True)]
    grid = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1)
    reach = np.sqrt(sum(h**2 for h in np.meshgrid(*halves, indexing="ij")))
    coarse = evaluate(distance, grid.reshape(-1, 3).astype(np.float32)).reshape(reach.shape)
    near = np.abs(coarse) < 1.25 * reach + 1.0
    volume = np.repeat(np.repeat(np.repeat(coarse, _BLOCK, 0), _BLOCK, 1), _BLOCK, 2)
    volume = np.pad(volume, 1, mode="edge")[1 : shape[0] + 1, 1 : shape[1] + 1, 1 : shape[2] + 1].astype(np.float32)
    wanted = np.zeros(shape, dtype=np.bool_)
    for i, j, k in np.argwhere(near) * _BLOCK:
        wanted[i : i + _BLOCK + 1, j : j + _BLOCK + 1, k : k + _BLOCK + 1] = True
    index = np.nonzero(wanted)
    points = np.column_stack([axis[i] for axis, i in zip(axes, index, strict=True)]).astype(np.float32)
    volume[index] = evaluate(distance, points)
    return np.ascontiguousarray(volume)


def _corner_view(volume: NDArray[np.generic], corner: int) -> NDArray[np.generic]:
    window = tuple(slice(1, None) if corner >> axis & 1 else slice(None, -1) for axis in range(3))
    return volume[window]


def _cell_vertices(
    volume: NDArray[np.float32], axes: tuple[Field, Field, Field], cells: NDArray[np.int64], shape: tuple[int, ...]
) -> FieldPoints:
    """Return each cell's mean of the points where its edges cross the surface."""
    base = np.stack(np.unravel_index(cells, shape), axis=1)
    total = np.zeros((len(cells), 3), dtype=np.float32)
    crossings = np.zeros(len(cells), dtype=np.float32)
    for first in range(8):
        for axis in range(3):
            if first >> axis & 1:
                continue
            a = base + np.array([first & 1, first >> 1 & 1, first >> 2])
            b = a.copy()
            b[:, axis] += 1
            va, vb = volume[tuple(a.T)], volume[tuple(b.T)]
            crossed = (va < 0.0) != (vb < 0.0)
            ratio = np.where(crossed, va / np.where(crossed, va - vb, 1.0), 0.0)[:, None]
            pa = np.column_stack([axes[n][a[:, n]] for n in range(3)])
            pb = np.column_stack([axes[n][b[:, n]] for n in range(3)])
            total += np.where(crossed[:, None], pa + ratio * (pb - pa), 0.0)
            crossings += crossed
    mean: FieldPoints = (total / crossings[:, None]).astype(np.float32)
    return mean


def _step_onto_zero(
    distance: Callable[[FieldPoints], Field], vertices: FieldPoints, axes: tuple[Field, Field, Field]
) -> FieldPoints:
    smallest = min(float(np.min(np.diff(axis))) for axis in axes)
    slope = gradient(distance, vertices, 0.1 * smallest)
    steep = np.maximum(np.einsum("ij,ij->i", slope, slope), 0.25)
    step = evaluate(distance, vertices) / steep
    # No further than a third of a cell: neighbouring vertices must not pass one another.
    step = np.clip(step * np.sqrt(steep), -0.33 * smallest, 0.33 * smallest) / np.sqrt(steep)
    return np.asarray(vertices - step[:, None] * slope, dtype=np.float32)


def _quads(inside: BoolArray, cells: NDArray[np.int64], shape: tuple[int, ...]) -> Faces:
    """Return two triangles for every grid edge that crosses the surface, joining the four cells around it."""
    strides = (shape[1] * shape[2], shape[2], 1)
    triangles = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        low = [slice(1, -1)] * 3
        high = [slice(1, -1)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        first, second = inside[tuple(low)], inside[tuple(high)]
        edges = np.stack(np.nonzero(first != second), axis=1)
        outward = first[tuple(edges.T)]
        edges[:, u] += 1
        edges[:, v] += 1
        here = edges @ np.array(strides)
        corners = [here - strides[u] - strides[v], here - strides[v], here, here - strides[u]]
        quad = np.searchsorted(cells, np.stack(corners, axis=1))
        quad[~outward] = quad[~outward][:, ::-1]
        triangles += [quad[:, [0, 1, 2]], quad[:, [0, 2, 3]]]
    return np.concatenate(triangles).astype(np.int32)
