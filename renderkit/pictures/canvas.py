"""A picture that is painted: images with coverage, lines and dots to a part of a pixel, with or without a backdrop."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderkit.arrays import AlphaImage, ColorImage, MaskImage, Pixels
from renderkit.images.outlines import Segments
from renderkit.images.palette import Rgb
from renderkit.pictures.strokes import (
    FAR,
    SPAN,
    paint_color,
    paint_image,
    paint_strokes,
    paint_surface,
    spread_distances,
)

CASING: Rgb = (16, 16, 18)
"""A dark edge keeps lines and dots visible on light and dark pictures alike."""

_CASING_OPACITY = 0.55


class Canvas:
    """A picture under way; it is painted in place, and nobody else may write to it.

    Attributes:
        pixels: (height, width, 3) RGB.
    """

    def __init__(self, backdrop: ColorImage | None, size: tuple[int, int]) -> None:
        """Begin with a copy of a picture, or with nothing: transparent everywhere.

        Args:
            backdrop: (height, width, 3) RGB, or None.
            size: (width, height) px.
        """
        width, height = size
        if backdrop is None:
            self.pixels: ColorImage = np.zeros((height, width, 3), np.uint8)
            self._alpha: AlphaImage = np.zeros((height, width), np.uint8)
        else:
            self.pixels = np.array(backdrop, np.uint8, order="C")
            self._alpha = _no_alpha()
        self._field: tuple[NDArray[np.float32], NDArray[np.bool_]] | None = None

    def copy(self) -> Canvas:
        """Return another canvas that shows the same so far."""
        twin = copy(self)
        twin.rest()
        twin.pixels, twin._alpha = self.pixels.copy(), self._alpha.copy()
        return twin

    def rest(self) -> None:
        """Let go of the working memory until the next stroke: it is a third larger than the picture."""
        self._field = None

    def finished(self) -> ColorImage:
        """Return the picture: (height, width, 3) RGB, or (height, width, 4) RGBA without a backdrop."""
        return np.dstack([self.pixels, self._alpha]) if len(self._alpha) else self.pixels

    def paint(self, image: ColorImage, cover: AlphaImage | MaskImage, opacity: float) -> None:
        """Paint a (height, width, 3) image where (height, width) `cover`, True or 0 to 255, says."""
        paint_image(self.pixels, self._alpha, _readable(image), _coverage(cover), round(65536 * opacity))

    def fill(self, color: Rgb, cover: AlphaImage | MaskImage, opacity: float) -> None:
        """Paint one colour where `cover` says; see `paint`."""
        paint_plain(self.pixels, color, cover, opacity, self._alpha)

    def paint_surface(self, image: ColorImage, mask: MaskImage, outline: Segments | None, opacity: float) -> None:
        """Paint what a mesh covers, with smooth edges along its outline.

        Args:
            image: (height, width, 3) RGB, valid inside the mask.
            mask: (height, width) True where the mesh covers the pixel's centre.
            outline: (N, 4) where the mask's edge runs; None leaves it rough.
            opacity: 0 to 1.
        """
        if outline is not None:
            self._spread(outline, 0.5)
        inside = np.ascontiguousarray(mask).view(np.uint8)
        opaque = round(65536 * opacity)
        paint_surface(self.pixels, self._alpha, _readable(image), _readable(inside), *self._distances(), opaque)

    def lines(
        self, segments: ArrayLike, color: Rgb, width_px: float, *, opacity: float = 1.0, casing: bool = True
    ) -> None:
        """Draw (N, 4) lines x0, y0, x1, y1 in px with round ends; those with NaN are left out."""
        ends = np.ascontiguousarray(segments, np.float32).reshape(-1, 4)
        if not len(ends) or width_px <= 0.0:
            return
        half = 0.5 * float(width_px)
        paints = [(*CASING, 2.0 * half, _CASING_OPACITY * opacity)] if casing else []
        self._stroke(ends, [*paints, (*color, half, opacity)])

    def dots(self, centers: Pixels, color: Rgb, radius_px: float) -> None:
        """Draw (N, 2) discs, px; large ones have a casing."""
        paints = [(*CASING, 1.45 * radius_px, 1.0)] if radius_px >= 2.0 else []
        self._stroke(np.hstack([centers, centers]).astype(np.float32), [*paints, (*color, radius_px, 1.0)])

    def _spread(self, segments: Segments, reach: float) -> None:
        spread_distances(_readable(segments), float(reach), *self._distances())

    def _distances(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return squared distances to strokes, and where they are known; far from all between two strokes."""
        if self._field is None:
            height, width = self.pixels.shape[:2]
            self._field = np.full((height, width), FAR, np.float32), np.zeros((height, -(-width // SPAN)), np.bool_)
        return self._field

    def _stroke(self, segments: Segments, paints: list[tuple[float, ...]]) -> None:
        """Paint strokes one over the other: red, green, blue, half the width in px, opacity."""
        self._spread(_bounded(segments), max(paint[3] for paint in paints) + 0.5)
        paint_strokes(self.pixels, self._alpha, *self._distances(), np.array(paints, np.float32))


def paint_plain(
    pixels: ColorImage, color: Rgb, cover: AlphaImage | MaskImage, opacity: float, alpha: AlphaImage | None = None
) -> None:
    """Paint one colour over a picture, in place, where `cover` says; see `Canvas.paint`.

    Args:
        pixels: (height, width, 3) RGB.
        color: What is painted.
        cover: (height, width) True, or 0 to 255.
        opacity: 0 to 1.
        alpha: (height, width) of a picture without a backdrop.
    """
    paint = _readable(np.array(color, np.uint8))
    paint_color(pixels, _no_alpha() if alpha is None else alpha, paint, _coverage(cover), round(65536 * opacity))


def _no_alpha() -> AlphaImage:
    """Stand for the alpha of a picture with a backdrop."""
    return np.zeros((0, 0), np.uint8)


def _coverage(cover: AlphaImage | MaskImage) -> AlphaImage:
    return _readable(cover * np.uint8(255) if cover.dtype == np.bool_ else cover)


def _readable(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array that lies in order and cannot be written to: kernels are compiled for one kind."""
    ordered = np.ascontiguousarray(values).view()
    ordered.flags.writeable = False
    return ordered


def _bounded(segments: NDArray[np.float32]) -> Segments:
    """Keep ends where single precision still resolves pixels; NaN stays."""
    return np.clip(segments, -1e5, 1e5)
