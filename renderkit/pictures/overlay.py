"""One view's picture: layers over the photograph, with a caption, and as a tile of a contact sheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from renderkit.arrays import ColorImage
from renderkit.images.palette import PANEL
from renderkit.pictures.canvas import Canvas
from renderkit.pictures.caption import draw_caption
from renderkit.pictures.drawing import fitted, plain, resized
from renderkit.pictures.framing import GAP_PX
from renderkit.pictures.layers.layer import Drawing
from renderkit.pictures.layers.registry import find_layers
from renderkit.pictures.style import PHOTO, TRANSPARENT, OverlayStyle
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.rows import ViewResult

VECTOR_FACTORS = (1, 2, 5, 10, 20, 50, 100)
_LONGEST_VECTOR = 1.0 / 64.0
"""Share of the picture that a typical error vector fills at most."""
_WORST_VECTOR = 1.0 / 6.0
"""The same for a typical vector of the worst view."""


@dataclass(frozen=True, eq=False)
class DrawnView:
    """A picture of a view; its lines and marks are drawn when it is asked for.

    Attributes:
        drawing: What it is drawn from.
        canvas: The photograph and what fills the mesh, before lines and marks; nobody else paints on it.
        with_tile: Whether that is kept, for a tile.
    """

    drawing: Drawing
    canvas: Canvas
    with_tile: bool = False

    @cached_property
    def picture(self) -> ColorImage:
        """(height, width, 3) with lines and marks; (height, width, 4) RGBA where the background is transparent."""
        canvas = self.canvas.copy() if self.with_tile else self.canvas
        for layer in find_layers(self.drawing.style.layers):
            if layer.is_mark:
                layer.paint(canvas, self.drawing)
        return canvas.finished()

    def whole(self) -> ColorImage:
        """Return the picture as it is written: with the bare photograph beside it and the caption, where wanted."""
        style, evidence = self.drawing.style, self.drawing.evidence
        shown = self.picture
        if style.side_by_side:
            photo = _backdrop(evidence, style) if evidence.photo is None else evidence.photo
            gap = plain((GAP_PX, shown.shape[0]), PANEL)
            shown = np.concatenate([_like(photo, shown), _like(gap, shown), shown], axis=1)
        if style.caption:
            shown = np.concatenate([shown, _like(draw_caption(self.drawing, shown.shape[1]), shown)])
        return shown

    def tile(self, width: int, line_px: float, mark_px: float) -> ColorImage:
        """Return the picture at a small size, (height, width, 3): surfaces are scaled, lines drawn thin.

        Raises:
            ValueError: If the surfaces were not kept.
        """
        if not self.with_tile:
            raise ValueError("the view was drawn without keeping its surfaces")
        style, flat = self.drawing.style, self.canvas.finished()
        if flat.shape[2] == 4:
            share = flat[:, :, 3:] / 255.0
            flat = np.rint(flat[:, :, :3] * share + (1.0 - share) * np.array(style.color("backdrop"))).astype(np.uint8)
        size = fitted((flat.shape[1], flat.shape[0]), width)
        canvas = Canvas(resized(flat, size), size)
        thin = replace(style.thin(width, line_px, mark_px), background=PHOTO)
        small = replace(self.drawing, evidence=self.drawing.evidence.resized(size), style=thin)
        for layer in find_layers(style.layers):
            if layer.is_mark:
                layer.paint(canvas, small)
        return canvas.finished()


def draw_view(drawing: Drawing, *, with_tile: bool = False) -> DrawnView:
    """Draw one view, in the image of its camera; `with_tile` keeps what a tile is made from."""
    evidence, style = drawing.evidence, drawing.style
    backdrop = None if style.background == TRANSPARENT else _backdrop(evidence, style)
    canvas = Canvas(backdrop, evidence.camera.size)
    for layer in find_layers(style.layers):
        if not layer.is_mark:
            layer.paint(canvas, drawing)
    if with_tile:
        canvas.rest()
    return DrawnView(drawing, canvas, with_tile)


def vector_factor(rows: Iterable[ViewResult]) -> int:
    """Return by how much error vectors are drawn longer than they are, so that small errors can be seen.

    One factor serves a whole run: lengths can then be compared between its pictures.

    Args:
        rows: All rows of the run.
    """
    typical = [
        row.scores.reprojection.median_px / max(row.image_size)
        for row in rows
        if row.image_size is not None and row.scores.reprojection is not None and row.scores.reprojection.num_used
    ]
    if not typical:
        return 1
    # Short in most pictures, and inside the picture in the worst.
    longest = min(_LONGEST_VECTOR / max(np.median(typical), 1e-9), _WORST_VECTOR / max(*typical, 1e-9))
    return max((factor for factor in VECTOR_FACTORS if factor <= longest), default=1)


def _backdrop(evidence: PictureEvidence, style: OverlayStyle) -> ColorImage:
    if evidence.photo is not None and style.background == PHOTO:
        return evidence.photo
    return plain(evidence.camera.size, style.color("backdrop"))


def _like(image: ColorImage, other: ColorImage) -> ColorImage:
    """Give an RGB picture the channels of another."""
    if image.shape[2] == other.shape[2]:
        return image
    return np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
