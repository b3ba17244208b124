"""Lines and dots by their exact distance: each pixel is covered as far as a stroke of a given width reaches into it.

A pixel whose centre is d px from the middle of a line of width w is covered by w / 2 + 1 / 2 - d, between 0 and 1. All
strokes of one kind share one field of distances, so that lines which meet or overlap cover no pixel twice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, ColorImage
from renderkit.compiled import kernel
from renderkit.images.outlines import Segments

FAR = np.float32(1e12)
"""Squared distance of pixels that no stroke is near to."""


@kernel
def spread_distances(segments: Segments, reach: float, squared: NDArray[np.float32], box: NDArray[np.int64]) -> None:
    """Lower each pixel's squared distance to the nearest segment, as far as `reach` px, and widen the box.

    Args:
        segments: (N, 4) ends in px; a dot has both at one place. Those with NaN are left out.
        reach: How far from the middle of a line its stroke goes.
        squared: (height, width) px^2.
        box: (4,) x0, y0, x1, y1 of what was reached.
    """
    height, width = squared.shape
    for i in range(segments.shape[0]):
        x0, y0 = np.float64(segments[i, 0]), np.float64(segments[i, 1])
        x1, y1 = np.float64(segments[i, 2]), np.float64(segments[i, 3])
        dx, dy = x1 - x0, y1 - y0
        if not np.isfinite(dx + dy):
            continue
        length = dx * dx + dy * dy
        top, bottom = max(np.ceil(min(y0, y1) - reach), 0.0), min(np.floor(max(y0, y1) + reach), height - 1.0)
        if top > bottom or max(x0, x1) + reach < 0.0 or min(x0, x1) - reach > width - 1.0:
            continue
        for y in range(int(top), int(bottom) + 1):
            # The part of the line within reach of this row.
            first, last = 0.0, 1.0
            if abs(dy) > 1e-9:
                near, far = (y - reach - y0) / dy, (y + reach - y0) / dy
                first, last = max(min(near, far), 0.0), min(max(near, far), 1.0)
            xa, xb = x0 + first * dx, x0 + last * dx
            left = max(np.ceil(min(xa, xb) - reach), 0.0)
            right = min(np.floor(max(xa, xb) + reach), width - 1.0)
            if left > right:
                continue
            box[0], box[2] = min(box[0], int(left)), max(box[2], int(right) + 1)
            box[1], box[3] = min(box[1], y), max(box[3], y + 1)
            for x in range(int(left), int(right) + 1):
                px, py = x - x0, y - y0
                t = 0.0 if length == 0.0 else min(max((px * dx + py * dy) / length, 0.0), 1.0)
                ex, ey = px - t * dx, py - t * dy
                distance = np.float32(ex * ex + ey * ey)
                squared[y, x] = min(squared[y, x], distance)


@kernel
def paint_strokes(
    pixels: ColorImage,
    alpha: AlphaImage,
    squared: NDArray[np.float32],
    box: NDArray[np.int64],
    paints: NDArray[np.float32],
) -> None:
    """Paint what lies within half a width of the strokes, and make the field as it was before the first of them.

    Args:
        pixels: (height, width, 3) RGB.
        alpha: (height, width), or no rows where there is a backdrop.
        squared: (height, width) px^2 from `spread_distances`.
        box: (4,) likewise.
        paints: (K, 5) red, green, blue, half the width in px and opacity, painted one over the other.
    """
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            if squared[y, x] >= 1e12:
                continue
            away = np.sqrt(squared[y, x])
            squared[y, x] = 1e12
            for k in range(paints.shape[0]):
                half = paints[k, 3]
                cover = min(half + np.float32(0.5) - away, np.float32(1.0)) * min(np.float32(1.0), 2 * half)
                if cover > 0.0:
                    _mix(pixels, alpha, y, x, paints[k, 0], paints[k, 1], paints[k, 2], cover * paints[k, 4])
    box[0], box[1], box[2], box[3] = squared.shape[1], squared.shape[0], 0, 0


@kernel
def forget_distances(squared: NDArray[np.float32], box: NDArray[np.int64]) -> None:
    """Make the field and its box as they were before the first stroke."""
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            squared[y, x] = 1e12
    box[0], box[1], box[2], box[3] = squared.shape[1], squared.shape[0], 0, 0


@kernel
def paint_image(pixels: ColorImage, alpha: AlphaImage, paint: ColorImage, cover: AlphaImage, opacity: float) -> None:
    """Paint a picture over another, as far as (height, width) `cover`, 0 to 255, and an opacity say."""
    height, width = cover.shape
    scale = np.float32(opacity / 255.0)
    whole = np.int32(np.rint(opacity * 65536.0))
    for y in range(height):
        for x in range(width):
            if cover[y, x] == 0:
                continue
            if cover[y, x] == 255 and alpha.shape[0] == 0:
                # Most of a surface: whole numbers are several times as fast.
                for k in range(3):
                    below = np.int32(pixels[y, x, k])
                    pixels[y, x, k] = below + (((np.int32(paint[y, x, k]) - below) * whole + 32768) >> 16)
                continue
            share = scale * np.float32(cover[y, x])
            red, green, blue = (
                np.float32(paint[y, x, 0]),
                np.float32(paint[y, x, 1]),
                np.float32(paint[y, x, 2]),
            )
            _mix(pixels, alpha, y, x, red, green, blue, share)


@kernel
def soften_edge(
    inside: AlphaImage, squared: NDArray[np.float32], box: NDArray[np.int64], cover: AlphaImage, paint: ColorImage
) -> None:
    """Cover pixels at an outline partly, by its distance, and give those outside their neighbours' mean colour.

    Args:
        inside: (height, width) 255 inside, 0 outside.
        squared: (height, width) px^2 from the outline.
        box: Where the outline is.
        cover: (height, width) a copy of `inside`; receives the coverage.
        paint: (height, width, 3) the colours inside; receives those just outside.
    """
    height, width = inside.shape
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            if squared[y, x] >= 0.25:
                continue
            away = np.sqrt(squared[y, x])
            cover[y, x] = np.uint8(255.0 * (0.5 + away if inside[y, x] != 0 else 0.5 - away) + 0.5)
            if inside[y, x] != 0:
                continue
            red, green, blue, count = 0, 0, 0, 0
            for j in range(max(y - 1, 0), min(y + 2, height)):
                for i in range(max(x - 1, 0), min(x + 2, width)):
                    if inside[j, i] != 0:
                        red += paint[j, i, 0]
                        green += paint[j, i, 1]
                        blue += paint[j, i, 2]
                        count += 1
            if count > 0:
                paint[y, x, 0], paint[y, x, 1], paint[y, x, 2] = red // count, green // count, blue // count


@kernel
def _mix(
    pixels: ColorImage,
    alpha: AlphaImage,
    y: int,
    x: int,
    red: np.float32,
    green: np.float32,
    blue: np.float32,
    share: np.float32,
) -> None:
    """Paint one pixel. A picture with a backdrop has an `alpha` of no rows; else alpha is not premultiplied."""
    if alpha.shape[0] > 0:
        total = share + (np.float32(1.0) - share) * np.float32(alpha[y, x]) / np.float32(255.0)
        alpha[y, x] = np.uint8(np.float32(255.0) * total + np.float32(0.5))
        share = share / max(total, np.float32(1e-9))
    pixels[y, x, 0] = _towards(pixels[y, x, 0], red, share)
    pixels[y, x, 1] = _towards(pixels[y, x, 1], green, share)
    pixels[y, x, 2] = _towards(pixels[y, x, 2], blue, share)


@kernel
def _towards(below: np.uint8, above: np.float32, share: np.float32) -> np.uint8:
    # As floats: the difference of two unsigned numbers wraps.
    start = np.float64(below)
    return np.uint8(start + share * (np.float64(above) - start) + 0.5)
