"""Landmarks of the synthetic head: fixed places in the 106-point and the 68-point layout.

106 points: 33 along the contour from the right ear over the chin to the left, then 73 inner ones: brows (upper edges),
nose ridge, nose base, eyes, brows (lower edges), mid-lids and pupils, nose root and wings, outer and inner lips, pupils
again. "Right" is the subject's right, on the left of the picture.
68 points: iBUG's order.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from renderkit.arrays import Points3, frozen
from renderkit.synth.head import march, project_from_front

NUM_CONTOUR = 33

# Subject's LEFT half, frontal (x, y) in mm; the right half is mirrored.
_BROW_UPPER = [(12.0, 16.5), (20.0, 19.4), (29.0, 22.0), (38.5, 22.6), (48.0, 18.6)]
_BROW_LOWER = [(12.5, 10.2), (21.0, 13.2), (30.0, 16.4), (39.0, 18.2)]
_BRIDGE = [(0.0, 4.0), (0.0, -11.0), (0.0, -26.0), (0.0, -41.0)]
_BASE = [(12.0, -51.5), (6.2, -54.0), (0.0, -55.5)]
_EYE_INNER, _EYE_OUTER = (16.3, -1.4), (46.8, 0.5)
_EYE_UPPER = [(24.0, 3.6), (38.4, 4.9)]
_EYE_LOWER = [(24.0, -4.1), (38.4, -3.4)]
_EYE_TOP, _EYE_BOTTOM, _PUPIL = (31.2, 5.6), (31.4, -5.1), (30.9, 0.2)
_ROOT, _WING_UPPER, _WING_LOWER = (8.0, 1.0), (14.0, -38.0), (17.0, -46.5)
_LIP_CORNER = (24.4, -73.0)
_LIP_UPPER = [(14.5, -68.2), (5.5, -65.6), (0.0, -66.9)]
_LIP_LOWER = [(16.0, -79.2), (8.5, -82.0), (0.0, -82.8)]
_INNER_CORNER, _INNER_UPPER, _INNER_LOWER = (21.0, -73.0), [(9.0, -71.8), (0.0, -71.9)], [(9.0, -74.4), (0.0, -74.5)]


@lru_cache(maxsize=1)
def renderme106_points() -> Points3:
    """Return the (106, 3) landmarks on the neutral head, mm; the last 73 are the 3D landmarks."""
    right, left = _mirrored, _same
    inner = [
        *_brows_nose_and_eyes(),
        *right(_BROW_LOWER[::-1]), *left(_BROW_LOWER),
        *right([_EYE_TOP, _EYE_BOTTOM, _PUPIL]), *left([_EYE_TOP, _EYE_BOTTOM, _PUPIL]),
        *right([_ROOT]), *left([_ROOT]), *right([_WING_UPPER]), *left([_WING_UPPER]),
        *right([_WING_LOWER]), *left([_WING_LOWER]),
        *_outer_lips(), *_inner_lips(),
        *right([_PUPIL]), *left([_PUPIL]),
    ]  # fmt: skip
    return frozen(np.concatenate([_contour(NUM_CONTOUR), project_from_front(np.array(inner))]))


@lru_cache(maxsize=1)
def ibug68_points() -> Points3:
    """Return the (68, 3) landmarks on the neutral head, mm."""
    inner = [*_brows_nose_and_eyes(), *_outer_lips(), *_inner_lips()]
    return frozen(np.concatenate([_contour(17), project_from_front(np.array(inner))]))


def _brows_nose_and_eyes() -> list[tuple[float, float]]:
    """The points that both schemes have first and in the same order: of brows only their upper edge."""
    right, left = _mirrored, _same
    return [
        *right(_BROW_UPPER[::-1]), *left(_BROW_UPPER),
        *_BRIDGE,
        *right(_BASE[:2]), *left(_BASE[2:]), *left(_BASE[1::-1]),
        *right([_EYE_OUTER, _EYE_UPPER[1], _EYE_UPPER[0], _EYE_INNER, _EYE_LOWER[0], _EYE_LOWER[1]]),
        *left([_EYE_INNER, _EYE_UPPER[0], _EYE_UPPER[1], _EYE_OUTER, _EYE_LOWER[1], _EYE_LOWER[0]]),
    ]  # fmt: skip


def _outer_lips() -> list[tuple[float, float]]:
    upper = [*_mirrored(_LIP_UPPER), *_same(_LIP_UPPER[1::-1])]
    lower = [*_same(_LIP_LOWER), *_mirrored(_LIP_LOWER[1::-1])]
    return [*_mirrored([_LIP_CORNER]), *upper, _LIP_CORNER, *lower]


def _inner_lips() -> list[tuple[float, float]]:
    upper = [*_mirrored(_INNER_UPPER), *_same(_INNER_UPPER[:1])]
    lower = [*_same(_INNER_LOWER), *_mirrored(_INNER_LOWER[:1])]
    return [*_mirrored([_INNER_CORNER]), *upper, _INNER_CORNER, *lower]


def _contour(count: int) -> Points3:
    """Return (count, 3) points along the jaw, from the right ear over the chin to the left ear."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, count)
    # From the axis of the head outwards; at the chin forwards and down.
    target = np.column_stack(
        [78.0 * np.sin(turn), -8.0 - 112.0 * np.cos(turn) ** 0.8, -2.0 + 84.0 * np.cos(turn) ** 1.5]
    )
    axis = np.column_stack([np.zeros(count), target[:, 1] * 0.72, np.full(count, 0.0) + 0.35 * target[:, 2]])
    inward = axis - target
    inward /= np.linalg.norm(inward, axis=1, keepdims=True)
    return march((target - 30.0 * inward).astype(np.float32), inward.astype(np.float32))


def _mirrored(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(-x, y) for x, y in points]


def _same(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return points
