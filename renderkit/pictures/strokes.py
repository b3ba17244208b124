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

SPAN = 32
"""Pixels of a row that are known together to be far from all strokes: most of a picture is."""


@kernel
def spread_distances(
    segments: Segments, reach: float, squared: NDArray[np.float32], touched: NDArray[np.bool_]
) -> None:
    """Lower each pixel's squared distance to the nearest segment, as far as `reach` px.

    Args:
        segments: (N, 4) ends in px; a dot has both at one place. Those with NaN are left out.
        reach: How far from the middle of a line its stroke goes.
        squared: (height, width) px^2.
        touched: (height, spans) spans of each row; those that were reached become True.
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
            left = int(max(np.ceil(min(xa, xb) - reach), 0.0))
            right = int(min(np.floor(max(xa, xb) + reach), width - 1.0))
            if left > right:
                continue
            for span in range(left // SPAN, right // SPAN + 1):
                touched[y, span] = True
            for x in range(left, right + 1):
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
    touched: NDArray[np.bool_],
    paints: NDArray[np.float32],
) -> None:
    """Paint what lies within half a width of the strokes, and make the field as it was before the first of them.

    Args:
        pixels: (height, width, 3) RGB.
        alpha: (height, width), or no rows where there is a backdrop.
        squared: (height, width) px^2 from `spread_distances`.
        touched: (height, spans) likewise.
        paints: (K, 5) red, green, blue, half the width in px and opacity, painted one over the other.
    """
    for y in range(touched.shape[0]):
        for span in range(touched.shape[1]):
            if not touched[y, span]:
                continue
            touched[y, span] = False
            for x in range(span * SPAN, min((span + 1) * SPAN, squared.shape[1])):
                if squared[y, x] >= 1e12:
                    continue
                away = np.sqrt(squared[y, x])
                squared[y, x] = 1e12
                for k in range(paints.shape[0]):
                    half = paints[k, 3]
                    cover = min(half + np.float32(0.5) - away, np.float32(1.0)) * min(np.float32(1.0), 2 * half)
                    if cover > 0.0:
                        _mix(pixels, alpha, y, x, paints[k, 0], paints[k, 1], paints[k, 2], cover * paints[k, 4])


@kernel
def paint_image(pixels: ColorImage, alpha: AlphaImage, paint: ColorImage, cover: AlphaImage, opacity: int) -> None:
    """Paint a picture over another, as far as (height, width) `cover`, 0 to 255, and an opacity in 1/65536 say."""
    height, width = cover.shape
    for y in range(height):
        for x in range(width):
            if cover[y, x] != 0:
                _paint_pixel(pixels, alpha, paint, y, x, cover[y, x], opacity)


@kernel
def paint_color(
    pixels: ColorImage, alpha: AlphaImage, color: NDArray[np.uint8], cover: AlphaImage, opacity: int
) -> None:
    """Paint one (3,) colour over a picture; see `paint_image`."""
    height, width = cover.shape
    red, green, blue = np.float32(color[0]), np.float32(color[1]), np.float32(color[2])
    scale = np.float32(opacity / (255.0 * 65536.0))
    for y in range(height):
        for first in range(0, width, SPAN):
            covered = cover[y, first : min(first + SPAN, width)]
            least, most = np.uint8(255), np.uint8(0)
            for i in range(covered.shape[0]):
                least, most = min(least, covered[i]), max(most, covered[i])
            if least == 255 and alpha.shape[0] == 0:
                _blend_color(pixels[y, first : first + covered.shape[0]], color, opacity)
            elif most != 0:
                for x in range(first, first + covered.shape[0]):
                    if cover[y, x] == 255 and alpha.shape[0] == 0:
                        _blend(pixels[y, x], color, opacity)
                    elif cover[y, x] != 0:
                        _mix(pixels, alpha, y, x, red, green, blue, scale * np.float32(cover[y, x]))


@kernel
def paint_surface(
    pixels: ColorImage, alpha: AlphaImage, paint: ColorImage, inside: AlphaImage,
    squared: NDArray[np.float32], touched: NDArray[np.bool_], opacity: int,
) -> None:  # fmt: skip
    """Paint a picture where a mask is; make the field of its outline as it was before.

    Pixels at the outline are covered by their distance from it; those outside take the mean colour of their neighbours.

    Args:
        pixels: (height, width, 3) RGB.
        alpha: (height, width), or no rows where there is a backdrop.
        paint: (height, width, 3) the colours inside.
        inside: (height, width) not 0 inside.
        squared: (height, width) px^2 from the outline.
        touched: (height, spans) where the outline is; nowhere leaves the mask's edge rough.
        opacity: In 1/65536.
    """
    height, width = inside.shape
    for y in range(height):
        for span in range(touched.shape[1]):
            first, end = span * SPAN, min((span + 1) * SPAN, width)
            covered, count = inside[y, first:end], 0
            for i in range(covered.shape[0]):
                count += covered[i] != 0
            if touched[y, span]:
                touched[y, span] = False
                for x in range(first, end):
                    _paint_at_edge(pixels, alpha, paint, inside, squared, y, x, opacity)
                    squared[y, x] = 1e12
            elif count == end - first and alpha.shape[0] == 0:
                _blend_span(pixels[y, first:end], paint[y, first:end], opacity)
            elif count:
                for x in range(first, end):
                    if inside[y, x] != 0:
                        _paint_pixel(pixels, alpha, paint, y, x, np.uint8(255), opacity)


@kernel
def _paint_at_edge(
    pixels: ColorImage, alpha: AlphaImage, paint: ColorImage, inside: AlphaImage,
    squared: NDArray[np.float32], y: int, x: int, opacity: int,
) -> None:  # fmt: skip
    """Paint a pixel through which the outline may run."""
    height, width = inside.shape
    away = np.sqrt(squared[y, x])
    if inside[y, x] != 0:
        cover = np.uint8(255.0 * min(0.5 + away, 1.0) + 0.5)
        _paint_pixel(pixels, alpha, paint, y, x, cover, opacity)
        return
    if away >= 0.5:
        return
    red, green, blue, count = 0, 0, 0, 0
    for j in range(max(y - 1, 0), min(y + 2, height)):
        for i in range(max(x - 1, 0), min(x + 2, width)):
            if inside[j, i] != 0:
                red += paint[j, i, 0]
                green += paint[j, i, 1]
                blue += paint[j, i, 2]
                count += 1
    if count:
        share = np.float32(opacity / (255.0 * 65536.0)) * np.float32(np.uint8(255.0 * (0.5 - away) + 0.5))
        color = np.float32(red // count), np.float32(green // count), np.float32(blue // count)
        _mix(pixels, alpha, y, x, color[0], color[1], color[2], share)


@kernel
def _paint_pixel(
    pixels: ColorImage, alpha: AlphaImage, paint: ColorImage, y: int, x: int, cover: np.uint8, opacity: int
) -> None:
    if cover == 255 and alpha.shape[0] == 0:
        _blend(pixels[y, x], paint[y, x], opacity)
        return
    share = np.float32(opacity / (255.0 * 65536.0)) * np.float32(cover)
    red, green, blue = np.float32(paint[y, x, 0]), np.float32(paint[y, x, 1]), np.float32(paint[y, x, 2])
    _mix(pixels, alpha, y, x, red, green, blue, share)


@kernel
def _blend(pixels: ColorImage, paint: ColorImage, opacity: int) -> None:
    """Blend (N,) values in whole numbers, which are several times as fast."""
    whole, half = np.int32(opacity), np.int32(32768)
    for i in range(pixels.shape[0]):
        below = np.int32(pixels[i])
        pixels[i] = below + (((np.int32(paint[i]) - below) * whole + half) >> np.int32(16))


@kernel
def _blend_span(pixels: ColorImage, paint: ColorImage, opacity: int) -> None:
    """Blend (N, 3) values as `_blend` does."""
    whole, half = np.int32(opacity), np.int32(32768)
    for x in range(pixels.shape[0]):
        for i in range(3):
            below = np.int32(pixels[x, i])
            pixels[x, i] = below + (((np.int32(paint[x, i]) - below) * whole + half) >> np.int32(16))


@kernel
def _blend_color(pixels: ColorImage, color: NDArray[np.uint8], opacity: int) -> None:
    """Blend (N, 3) values with one (3,) colour as `_blend` does."""
    whole, half = np.int32(opacity), np.int32(32768)
    red, green, blue = np.int32(color[0]), np.int32(color[1]), np.int32(color[2])
    for x in range(pixels.shape[0]):
        below0, below1, below2 = np.int32(pixels[x, 0]), np.int32(pixels[x, 1]), np.int32(pixels[x, 2])
        pixels[x, 0] = below0 + (((red - below0) * whole + half) >> np.int32(16))
        pixels[x, 1] = below1 + (((green - below1) * whole + half) >> np.int32(16))
        pixels[x, 2] = below2 + (((blue - below2) * whole + half) >> np.int32(16))


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
