"""A 5023-vertex version of the head with fixed topology, standing in for a FLAME fit. It holds nothing of FLAME."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Faces, FloatArray, Points3, frozen
from renderkit.synth.expression import Expression, deform
from renderkit.synth.head import march

_RINGS, _COLUMNS = 62, 81
_START_MM = 260.0
_CROWN_RINGS = 30


@dataclass(frozen=True, eq=False)
class FlameHead:
    """The neutral bare head as rings around a crown vertex, open at the neck, in the head's frame, mm.

    Attributes:
        vertices: (5023, 3).
        faces: (9963, 3), counter-clockwise seen from outside.
        uv: (5023, 2) texture coordinates, (0, 0) bottom-left.
    """

    vertices: Points3
    faces: Faces
    uv: FloatArray

    def posed(self, expression: Expression) -> Points3:
        """Return the (5023, 3) vertices under an expression, mm."""
        return deform(self.vertices, expression)


@lru_cache(maxsize=1)
def build_flame_head() -> FlameHead:
    """Shrink a grid of 62 rings of 81 vertices and a crown vertex onto the bare head."""
    ring = np.repeat(np.arange(_RINGS), _COLUMNS)
    column = np.tile(np.arange(_COLUMNS), _RINGS)
    rows = (ring + 1.0) / _RINGS
    starts, directions = _rays(rows, column / _COLUMNS)
    crown_start, crown_direction = _rays(np.zeros(1), np.zeros(1))
    vertices = march(
        np.concatenate([crown_start, starts]).astype(np.float32),
        np.concatenate([crown_direction, directions]).astype(np.float32),
    )
    uv = np.column_stack([np.concatenate([[0.5], column / (_COLUMNS - 1.0)]), 1.0 - np.concatenate([[0.0], rows])])
    return FlameHead(frozen(vertices), frozen(_faces()), frozen(uv))


def unwrap(size: int) -> NDArray[np.float32]:
    """Return the (size * size, 3) places on the neutral head behind the pixels of its UV texture, row by row."""
    vertices = build_flame_head().vertices
    rings = vertices[1:].reshape(_RINGS, _COLUMNS, 3)
    grid = np.concatenate([np.broadcast_to(vertices[0], (1, _COLUMNS, 3)), rings]).astype(np.float32)
    v, u = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size, indexing="ij")
    columns, rows = (u * (_COLUMNS - 1.0)).astype(np.float32), (v * _RINGS).astype(np.float32)
    return np.asarray(cv2.remap(grid, columns, rows, cv2.INTER_LINEAR), dtype=np.float32).reshape(-1, 3)


def _rays(rows: FloatArray, turns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (N, 3) starts and inward directions for rows 0 (crown) to 1 (neck) and turns 0 to 1 from the back."""
    # Columns crowd in the face: half a turn is the front.
    angle = 2.0 * np.pi * (turns - 0.5)
    angle = angle - 0.42 * np.sin(angle) + 0.06 * np.sin(2.0 * angle)
    share = np.clip(rows * _RINGS / _CROWN_RINGS, 0.0, 1.0)
    elevation = np.deg2rad(90.0) * (1.0 - share)
    below = np.clip((rows * _RINGS - _CROWN_RINGS) / (_RINGS - _CROWN_RINGS), 0.0, 1.0)
    # The lower rings: axis points that walk down from the eyes to the neck, tilted so that the chin's underside is met.
    height = 14.0 - 170.0 * below
    tilt = np.deg2rad(-24.0) * np.exp(-(((height + 112.0) / 22.0) ** 2))
    elevation = np.where(share < 1.0, elevation, tilt)
    axis_z = 4.0 - 30.0 * np.clip((-height - 60.0) / 90.0, 0.0, 1.0)
    outward = np.column_stack([np.cos(elevation) * np.sin(angle), np.sin(elevation), np.cos(elevation) * np.cos(angle)])
    origin = np.column_stack([np.zeros_like(height), height, axis_z])
    return origin + _START_MM * outward, -outward


def _faces() -> Faces:
    def vertex(ring: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.int64]:
        return 1 + ring * _COLUMNS + column % _COLUMNS

    columns = np.arange(_COLUMNS)
    crown = np.column_stack([np.zeros_like(columns), vertex(columns * 0, columns), vertex(columns * 0, columns + 1)])
    ring, column = (grid.ravel() for grid in np.meshgrid(np.arange(_RINGS - 1), columns, indexing="ij"))
    a, b = vertex(ring, column), vertex(ring, column + 1)
    c, d = vertex(ring + 1, column), vertex(ring + 1, column + 1)
    faces = np.concatenate([crown, np.column_stack([a, c, d]), np.column_stack([a, d, b])])
    return faces.astype(np.int32)
