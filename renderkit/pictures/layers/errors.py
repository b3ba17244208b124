"""The layer of errors as colours: how far the two outlines lie apart, or how far two surfaces do."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import ColorImage, FloatArray, MaskImage
from renderkit.pictures.canvas import Canvas
from renderkit.pictures.layers.layer import Drawing, Layer, LegendEntry, Ramp

ERROR_COLORS: Final = cv2.COLORMAP_INFERNO
SURFACE_COLORS: Final = cv2.COLORMAP_VIRIDIS

_SHARE_OF_DIAGONAL = 0.005
_OPACITY = 0.9


def mismatch_limit(diagonal_px: float) -> float:
    """Return the distance that the brightest colour means: the same for all pictures of one size, a round number."""
    step = 10.0 ** math.floor(math.log10(_SHARE_OF_DIAGONAL * diagonal_px))
    return step * max(round(_SHARE_OF_DIAGONAL * diagonal_px / step), 1)


def surface_limit(difference: FloatArray) -> float:
    """Return the 95th percentile of a difference's size, in its unit; NaN without any."""
    known = np.abs(difference[np.isfinite(difference)])
    return max(float(np.percentile(known, 95.0)), 1e-9) if known.size else math.nan


def heat_colors(values: FloatArray, limit: float, colormap: int) -> ColorImage:
    """Return (height, width, 3) RGB of values from 0 to a limit; NaN becomes 0."""
    levels = np.clip(np.nan_to_num(values) / limit * 255.0, 0.0, 255.0).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(levels, colormap), np.uint8)[:, :, ::-1]


def _heat(canvas: Canvas, drawing: Drawing) -> None:
    evidence = drawing.evidence
    difference = evidence.depth_difference
    if difference is not None and np.isfinite(difference).any():
        colors = heat_colors(np.abs(difference), surface_limit(difference), SURFACE_COLORS)
        canvas.paint(colors, np.isfinite(difference), _OPACITY)
        return
    rendered, captured = evidence.rendered_mask, evidence.captured_mask
    if rendered is None or captured is None:
        return
    away = _distance_to_edge(captured) / evidence.scale
    colors = heat_colors(away, _limit(drawing), ERROR_COLORS)
    canvas.paint(colors, rendered != captured, _OPACITY)


def _distance_to_edge(mask: MaskImage) -> FloatArray:
    """Return each pixel centre's distance to the mask's edge, px; the diagonal where the mask has none."""
    inside = np.ascontiguousarray(mask).view(np.uint8)
    if not inside.any() or inside.all():
        return np.full(mask.shape, math.hypot(*mask.shape))
    outward = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inward = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(outward + inward - 0.5, np.float64)


def _limit(drawing: Drawing) -> float:
    evidence = drawing.evidence
    _, _, width, height = evidence.window or (0, 0, *evidence.camera.size)
    return mismatch_limit(math.hypot(width, height))


def _legend(drawing: Drawing) -> tuple[LegendEntry, ...]:
    evidence = drawing.evidence
    difference = evidence.depth_difference
    if difference is not None and np.isfinite(difference).any():
        return (Ramp("|dz| to the other mesh", "0", f"{surface_limit(difference):.3g} m", SURFACE_COLORS),)
    if evidence.rendered_mask is None or evidence.captured_mask is None:
        return ()
    return (Ramp("mask error", "0", f"{_limit(drawing):g} px or more", ERROR_COLORS),)


HEAT: Final = Layer(
    "heat",
    "how far masks differ, or the depths of two meshes with --metrics depth, as colours with a scale",
    _heat,
    _legend,
)
