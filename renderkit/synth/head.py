"""The head as meshes and landmarks: the dense "scan" and the places that a landmark detector would find."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from renderkit.arrays import Faces, FloatArray, Points3, frozen
from renderkit.synth.expression import Expression, deform
from renderkit.synth.fields import Field, FieldPoints
from renderkit.synth.head_field import (
    FLOOR_Y,
    bare_head_distance,
    hair_distance,
    head_distance,
    shirt_distance,
)
from renderkit.synth.surface import evaluate, mesh_field

MIN_SCAN_FACES = 2_000
MAX_SCAN_FACES = 2_000_000
_FACES_AT_3_MM = 186_000
_SIDE, _TOP, _BACK, _FRONT = 246.0, 142.0, -140.0, 130.0


@dataclass(frozen=True, eq=False)
class ScanModel:
    """The neutral head as a dense closed mesh, in the head's frame, mm.

    Attributes:
        vertices: (V, 3).
        faces: (F, 3), counter-clockwise seen from outside.
        hair_margin: (V,) mm by which the hair lies outside skin and shirt; negative where it does not.
        cloth_margin: (V,) the same for the shirt.
    """

    vertices: Points3
    faces: Faces
    hair_margin: FloatArray
    cloth_margin: FloatArray

    def posed(self, expression: Expression) -> Points3:
        """Return the (V, 3) vertices under an expression, mm."""
        return deform(self.vertices, expression)


@lru_cache(maxsize=4)
def build_scan(num_faces: int) -> ScanModel:
    """Mesh the head with about `num_faces` faces, twice as fine in the face as elsewhere.

    Raises:
        ValueError: If the number is not within MIN_SCAN_FACES and MAX_SCAN_FACES.
    """
    if not MIN_SCAN_FACES <= num_faces <= MAX_SCAN_FACES:
        raise ValueError(f"num_faces: expected {MIN_SCAN_FACES} to {MAX_SCAN_FACES}, got {num_faces}")
    spacing = 3.0 * float(np.sqrt(_FACES_AT_3_MM / num_faces))
    axes = (
        _graded_axis(-_SIDE, _SIDE, -48.0, 48.0, spacing),
        _graded_axis(FLOOR_Y - 8.0, _TOP, -110.0, 28.0, spacing),
        _graded_axis(_BACK, _FRONT, 62.0, 118.0, spacing),
    )
    vertices, faces = mesh_field(head_distance, axes)
    points = vertices.astype(np.float32)
    hair, shirt, bare = (evaluate(field, points) for field in (hair_distance, shirt_distance, bare_head_distance))
    return ScanModel(
        frozen(vertices),
        frozen(faces),
        frozen((np.minimum(bare, shirt) - hair).astype(np.float64)),
        frozen((np.minimum(bare, hair) - shirt).astype(np.float64)),
    )


def project_from_front(columns_and_rows: FloatArray) -> Points3:
    """Drop (N, 2) points (x, y) of the frontal picture, mm, onto the bare head: (N, 3)."""
    points = np.column_stack([columns_and_rows, np.full(len(columns_and_rows), 140.0)]).astype(np.float32)
    return march(points, np.tile(np.array([0.0, 0.0, -1.0], dtype=np.float32), (len(points), 1)))


def march(starts: FieldPoints, directions: FieldPoints) -> Points3:
    """Follow (N, 3) rays from outside to the bare head's surface by sphere tracing."""
    points = starts.copy()
    active = np.arange(len(points))
    for _ in range(200):
        distance = evaluate(bare_head_distance, points[active])
        points[active] += np.float32(0.7) * distance[:, None] * directions[active]
        active = active[np.abs(distance) > 2e-3]
        if not active.size:
            break
    return points.astype(np.float64)


def _graded_axis(low: float, high: float, fine_low: float, fine_high: float, spacing: float) -> Field:
    """Return grid coordinates: half the spacing in the fine range, full 25 mm beside it, double far from it."""
    ticks = [low]
    while ticks[-1] < high:
        outside = max(fine_low - ticks[-1], ticks[-1] - fine_high, 0.0)
        growth = 0.5 * min(outside / 25.0, 1.0) + min(max(outside - 60.0, 0.0) / 120.0, 1.0)
        ticks.append(ticks[-1] + spacing * (0.5 + growth))
    return np.array(ticks, dtype=np.float32)
