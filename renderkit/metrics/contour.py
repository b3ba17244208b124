"""Outlines as ordered curves: smoothed to a fraction of a pixel, with outward normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, BoolArray, FloatArray, frozen
from renderkit.images.mask_bits import PixelIndices

LoopIndices: TypeAlias = NDArray[np.int64]

_KERNEL_REACH = 24
MIN_LOOP = 2 * _KERNEL_REACH + 1
"""Curves of fewer pixels are left out: they have no direction."""
MAX_LOOPS = 64
"""Only this many curves, the longest, are used."""


def _kernel(sigma: float) -> FloatArray:
    steps = np.arange(-_KERNEL_REACH, _KERNEL_REACH + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    normed: FloatArray = weights / weights.sum()
    return normed


_KERNELS = frozen(np.stack([_kernel(3.0), _kernel(8.0)]))
"""Of places, and of directions."""


@dataclass(frozen=True, eq=False)
class Contour:
    """Closed curves along the boundary pixels of a mask, in order.

    Attributes:
        pixels: (N, 2) int32 boundary pixels (x, y).
        points: (N, 2) the same smoothed along the curve and moved out to the true outline, px.
        normals: (N, 2) unit normals pointing out of the mask.
        loops: (N,) which curve a point belongs to.
        usable: (N,) False near places where the picture's border cuts the mask and where the curve has no direction.
        num_left_out: Boundary pixels of curves too short or too many.
    """

    pixels: PixelIndices
    points: FloatArray
    normals: FloatArray
    loops: LoopIndices
    usable: BoolArray
    num_left_out: int

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("pixels", "points", "normals", "loops", "usable"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def trace_contour(mask: AlphaImage) -> Contour:
    """Trace the outlines of a (height, width) 0/1 mask, holes included (Suzuki and Abe 1985, through OpenCV)."""
    curves, _ = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    curves = sorted((curve.reshape(-1, 2) for curve in curves), key=len, reverse=True)
    kept = [curve for curve in curves[:MAX_LOOPS] if len(curve) >= MIN_LOOP]
    parts = [_smoothed(np.ascontiguousarray(curve, np.int32), mask) for curve in kept]
    return _assembled(parts, sum(len(curve) for curve in curves) - sum(len(curve) for curve in kept))


def _smoothed(curve: PixelIndices, mask: AlphaImage) -> tuple[PixelIndices, FloatArray, FloatArray, BoolArray]:
    from renderkit.metrics.contour_kernels import smooth_curve  # noqa: PLC0415 - loads the compiler

    count = len(curve)
    points, normals, length = np.empty((count, 2)), np.empty((count, 2)), np.empty(count)
    # OpenCV runs outer curves and holes so that the mask lies on one side; see the test of the normals.
    scratch = np.empty((2, count + 2 * _KERNEL_REACH)), np.empty((4, count))
    smooth_curve(curve, _KERNELS, *scratch, points, normals, length)
    near_border = np.zeros(count, np.bool_)
    height, width = mask.shape
    if curve.min() == 0 or (curve.max(axis=0) >= (width - 1, height - 1)).any():
        on_border = ~_beside_outside(curve, mask)
        spread = np.take(on_border, np.arange(-_KERNEL_REACH, count + _KERNEL_REACH), mode="wrap")
        near_border = np.convolve(spread, np.ones(2 * _KERNEL_REACH + 1), "valid") > 0.0
    return curve, points, normals, (length > 0.2) & ~near_border


def _beside_outside(curve: PixelIndices, mask: AlphaImage) -> BoolArray:
    """Tell which pixels have a 4-neighbour in the picture outside of the mask; others only trace the border."""
    height, width = mask.shape
    beside = np.zeros(len(curve), np.bool_)
    for step_x, step_y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        x, y = np.clip(curve[:, 0] + step_x, 0, width - 1), np.clip(curve[:, 1] + step_y, 0, height - 1)
        beside |= mask[y, x] == 0
    return beside


def _assembled(parts: list[tuple[PixelIndices, FloatArray, FloatArray, BoolArray]], num_left_out: int) -> Contour:
    if not parts:
        nothing = np.zeros((0, 2))
        none_usable = np.zeros(0, np.bool_)
        return Contour(nothing.astype(np.int32), nothing, nothing, np.zeros(0, np.int64), none_usable, num_left_out)
    loops = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts]).astype(np.int64)
    pixels, points, normals, usable = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Contour(pixels, points, normals, loops, usable, num_left_out)
