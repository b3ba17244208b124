"""Outlines that lie beyond the search's reach: the drawn outline is moved onto the matte's, and searched from there.

The search takes the nearest edge. Where a camera is far off that is a wrong edge or none, and says neither how far the
camera is off nor that it is right. A similarity in the picture is fitted first (point to line, Chen and Medioni 1992).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, FloatArray, MaskImage
from renderkit.diagnosis.outline_offsets import MIN_SAMPLES, DrawnOutline, measure_offsets, missing_share
from renderkit.diagnosis.robust_solution import robust_solution
from renderkit.geometry.camera import Camera

FAR_PX: Final = 2.0
"""An outline is moved where half of its samples lie farther off than this, or have no edge within reach."""

_NEARER: Final = 0.5
_ROUNDS = 12
_SETTLED_PX = 0.05
_MAX_GROWTH = 0.5


@dataclass(frozen=True, eq=False)
class FoundOutline:
    """Where a matte's outline was found.

    Attributes:
        outline: The drawn outline, its normals turned as the matte's is.
        offsets_px: (N,) along these normals; NaN where there is no edge within reach.
        missing: Share of the drawn inside, away from its outline, that the matte lacks.
    """

    outline: DrawnOutline
    offsets_px: FloatArray
    missing: float

    @property
    def typical_px(self) -> float:
        """Median size of the offsets; one without an edge within reach counts as far."""
        return _typical(self.offsets_px)


def found_near(
    outline: DrawnOutline, camera: Camera, matte: tuple[AlphaImage, float], drawn: MaskImage
) -> FoundOutline:
    """Look for a matte's outline where the drawn one is.

    Args:
        outline: The drawn outline.
        camera: The camera.
        matte: (h, w) alpha of any size, and the share of 255 at which its edge lies.
        drawn: (h, w) the drawn mask, of any size.
    """
    return FoundOutline(outline, measure_offsets(outline, camera, *matte), missing_share(drawn, *matte))


def found_far(near: FoundOutline, camera: Camera, matte: tuple[AlphaImage, float], drawn: MaskImage) -> FoundOutline:
    """Look for a matte's outline beyond the reach; what was found near is returned where that is not better by far.

    Args:
        near: What `found_near` returned.
        camera: The camera.
        matte: (h, w) alpha of any size, and the share of 255 at which its edge lies.
        drawn: (h, w) the drawn mask, of any size.
    """
    outline = near.outline
    starts = (
        np.eye(2, 3),
        np.column_stack([np.eye(2), _middle(matte, camera) - _middle((drawn, 0.5 / 255.0), camera)]),
    )
    moves = [_fitted(outline, camera, matte, start) for start in starts if np.isfinite(start).all()]
    places = [(move, _moved(outline, move)) for move in moves]
    tried = [(move, place, measure_offsets(place, camera, *matte)) for move, place in places]
    move, place, left = min(tried, key=lambda one: _typical(one[2]))
    if not _typical(left) <= _NEARER * near.typical_px or np.isinf(_typical(left)):
        return near
    way = ((place.pixels - outline.pixels) * place.normals).sum(axis=1)
    turned = replace(outline, normals=place.normals)
    return FoundOutline(turned, way + left, missing_share(_warped(drawn, move, camera), *matte))


def _fitted(outline: DrawnOutline, camera: Camera, matte: tuple[AlphaImage, float], start: FloatArray) -> FloatArray:
    """Return the (2, 3) similarity that brings the drawn outline onto the matte's, from a first one."""
    move = start
    for _ in range(_ROUNDS):
        place = _moved(outline, move)
        offsets = measure_offsets(place, camera, *matte)
        known = np.isfinite(offsets)
        if known.sum() < MIN_SAMPLES:
            return move
        center = place.pixels.mean(axis=0)
        arms = place.pixels - center
        size = max(float(np.sqrt((arms**2).sum(axis=1).mean())), 1e-9)
        across = np.column_stack([-arms[:, 1], arms[:, 0]])
        growth, roll = ((part * place.normals).sum(axis=1) / size for part in (arms, across))
        dx, dy, a, b = robust_solution(np.column_stack([place.normals, growth, roll])[known], offsets[known])
        turn = np.eye(2) + np.array([[a, -b], [b, a]]) / size
        step = np.column_stack([turn, center - turn @ center + (dx, dy)])
        following = np.column_stack([step[:, :2] @ move[:, :2], step[:, :2] @ move[:, 2] + step[:, 2]])
        if abs(np.log(max(np.linalg.det(following[:, :2]), 1e-9))) > 2.0 * np.log1p(_MAX_GROWTH):
            return move
        move = following
        if max(abs(dx), abs(dy), abs(a), abs(b)) < _SETTLED_PX:
            break
    return move


def _moved(outline: DrawnOutline, move: FloatArray) -> DrawnOutline:
    normals = outline.normals @ move[:, :2].T
    return replace(
        outline,
        pixels=outline.pixels @ move[:, :2].T + move[:, 2],
        normals=normals / np.linalg.norm(normals, axis=1, keepdims=True),
    )


def _middle(matte: tuple[AlphaImage | MaskImage, float], camera: Camera) -> FloatArray:
    """Return the (2,) centre of what is inside a mask, px of the camera; NaN where nothing is."""
    alpha, threshold = matte
    inside = np.asarray(alpha, dtype=np.float64) >= 255.0 * threshold
    if not inside.any():
        return np.full(2, np.nan)
    rows, columns = np.nonzero(inside)
    factor = np.array([camera.width / inside.shape[1], camera.height / inside.shape[0]])
    middle: FloatArray = (np.array([columns.mean(), rows.mean()]) + 0.5) * factor - 0.5
    return middle


def _warped(drawn: MaskImage, move: FloatArray, camera: Camera) -> MaskImage:
    """Return a drawn mask of any size moved by a similarity in px of the camera."""
    height, width = drawn.shape
    factor = np.array([width / camera.width, height / camera.height])
    turn = factor[:, None] * move[:, :2] / factor
    # Pixel centres: x' = factor (x + 0.5) - 0.5.
    half = np.full(2, 0.5)
    step = factor * (move[:, :2] @ (half / factor - half) + move[:, 2] + half) - half
    moved = cv2.warpAffine(
        drawn.view(np.uint8), np.column_stack([turn, step]), (width, height), flags=cv2.INTER_NEAREST
    )
    return moved > 0


def _typical(offsets: FloatArray) -> float:
    return float(np.median(np.nan_to_num(np.abs(offsets), nan=np.inf)))
