"""How far the outlines of mesh and matte lie apart, measured between their tangents.

A tangent needs the outermost points only, so a sample of the vertices is enough, and it is exact to a fraction of a
pixel where a coarse picture is not. Concave parts do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Pixels, frozen
from renderkit.diagnosis.readings.interpretation import Interpretation

_ANGLES = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)

DIRECTIONS: Final[FloatArray] = frozen(np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)]))
"""(32, 2) outward normals of the tangents."""

EVERYWHERE: Final = (-np.inf, -np.inf, np.inf, np.inf)

Tangent: TypeAlias = tuple[Pixels, FloatArray]

EDGE: Final = 0.25
"""The outermost pixel's centre lies on average this far inside the outline, in px of the matte."""


@dataclass(frozen=True, eq=False)
class Tangents:
    """Tangents of the outlines of mesh and matte in `DIRECTIONS`, px of K. Both are cut off at the picture's edge.

    Attributes:
        touched: (32, 2) points of the drawn mesh that its tangents touch.
        drawn: (32,) distances of the drawn tangents from the middle of the top-left pixel.
        captured: (32,) those of the matte's.
        whole: (32,) whether no part of the mesh beside the picture reaches farther.
    """

    touched: Pixels
    drawn: FloatArray
    captured: FloatArray
    whole: BoolArray


def tangents_of(view: Interpretation) -> Tangents | None:
    """Return the tangents of a view; None without a matte, or with a mesh that is not in front of the camera."""
    if view.matte is None or not view.matte.any():
        # A reading may turn the only part that was inside out of the picture.
        return None
    captured = _row_ends(view.matte)
    last = np.array([view.matte.shape[1], view.matte.shape[0]]) / view.matte_from_px - 0.5
    drawn, outline = outermost(view.drawn), outermost((captured + 0.5) / view.matte_from_px - 0.5)
    if drawn is None or outline is None:
        return None
    (touched, farthest), edge = drawn, EDGE / float(np.sqrt(view.matte_from_px.prod()))
    whole = np.asarray(((touched > 0.0) & (touched < last - 0.5)).all(axis=1))
    if not whole.all():
        # Points that are moved onto the edge do not stand for the part of a mesh that is seen: shoulders that grow
        # wider below the picture would reach out of the matte at its lower edge.
        cut = outermost(view.drawn, (-0.5, -0.5, *last)) or outermost(np.clip(view.drawn, -0.5, last)) or drawn
        touched = np.where(whole[:, None], touched, cut[0])
        farthest = np.where(whole, farthest, cut[1])
    return Tangents(touched, farthest, outline[1] + edge, whole)


def outermost(points: Pixels, window: tuple[float, float, float, float] = EVERYWHERE) -> Tangent | None:
    """Return the outermost of (N, 2) px in each of `DIRECTIONS`, and how far out they lie; None where there are none.

    Args:
        points: Those that are not finite are left out ...
        window: ... and those beside these left, upper, right and lower limits, px.
    """
    from renderkit.diagnosis.readings.tangent_kernels import find_tangents  # noqa: PLC0415 - loads the compiler

    touched, farthest = np.empty(DIRECTIONS.shape), np.empty(len(DIRECTIONS))
    limits = np.array(window, dtype=np.float64)
    return (touched, farthest) if find_tangents(points, DIRECTIONS, limits, touched, farthest) else None


def outline_gaps(view: Interpretation) -> FloatArray:
    """Return (33,): drawn minus captured tangent in each direction, then the matte's mean half width; px of K.

    NaN where there are no tangents.
    """
    found = tangents_of(view)
    if found is None:
        return np.full(len(DIRECTIONS) + 1, np.nan)
    width = 0.5 * float((found.captured + np.roll(found.captured, len(DIRECTIONS) // 2)).mean())
    return np.append(found.drawn - found.captured, max(width, 1e-6))


def _row_ends(matte: BoolArray) -> Pixels:
    """Return (N, 2) first and last inside pixels (x, y) of every row that has one."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(matte).view(np.uint8))
    within = matte[top : top + height, left : left + width]
    rows = np.flatnonzero(within.any(axis=1))
    first, last = (within[rows, ::way].argmax(axis=1) for way in (1, -1))
    ends = np.concatenate([np.column_stack([first, rows]), np.column_stack([width - 1 - last, rows])])
    result: Pixels = ends + np.array([left, top], dtype=np.float64)
    return result
