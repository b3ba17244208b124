"""The smallest window of the picture that holds both masks: all that a mask metric has to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.images.mask_bits import WORD, MaskBits
from renderkit.metrics.mask_pair import check_shapes, mask_pair
from renderkit.metrics.region import Region


@dataclass(frozen=True, eq=False)
class MaskWindow:
    """Two masks of one picture, cut to their common bounding box and at least one pixel around.

    The window ends either in background or at the picture's own border, so outlines, bands and distances in it are
    those of the whole picture. Its columns begin and end at whole words of 64 px.

    Attributes:
        rendered_bits: A as bits.
        captured_bits: B as bits.
        whole: Both masks as bits of the whole picture.
        inside_bits: The evaluation region as bits; None is everywhere.
        corner: (x, y) of the window's first pixel in the picture.
        size: (width, height) of the picture.
        left_out_px: Pixels of the picture outside the region.
        region: Name of the region; "image" is the whole picture.
    """

    rendered_bits: MaskBits
    captured_bits: MaskBits
    whole: tuple[MaskBits, MaskBits]
    inside_bits: MaskBits | None
    corner: tuple[int, int]
    size: tuple[int, int]
    left_out_px: int
    region: str

    @cached_property
    def rendered(self) -> AlphaImage:
        """(h, w) 0/1 bytes, A."""
        return self.rendered_bits.unpack().view(np.uint8)

    @cached_property
    def captured(self) -> AlphaImage:
        """(h, w) 0/1 bytes, B."""
        return self.captured_bits.unpack().view(np.uint8)

    def within(self, region: Region | None) -> MaskWindow:
        """Return the same masks, to be scored in a region; None is everywhere.

        Raises:
            ValueError: If the region is of another shape.
        """
        if region is None:
            return self if self.inside_bits is None else replace(self, inside_bits=None, left_out_px=0, region="image")
        (width, height), (x, y) = self.size, self.corner
        whole = region.bits_for((height, width))
        rows, words = self.rendered_bits.words.shape
        bits = whole.crop(slice(y, y + rows), slice(x // WORD, x // WORD + words))
        return replace(self, inside_bits=bits, left_out_px=width * height - whole.count, region=region.name)


def cut_window(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> MaskWindow:
    """Cut two masks to the window that holds both.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    first, second = mask_pair(rendered, captured)
    return cut_bits(MaskBits.pack(first), MaskBits.pack(second)).within(region)


def cut_bits(rendered: MaskBits, captured: MaskBits) -> MaskWindow:
    """Cut two packed masks to the window that holds both.

    Raises:
        ValueError: If the masks are not of one shape.
    """
    check_shapes(rendered.shape, captured.shape)
    height, width = rendered.shape
    rows, words = _joint_window((rendered, captured), height)
    return MaskWindow(
        rendered_bits=rendered.crop(rows, words),
        captured_bits=captured.crop(rows, words),
        whole=(rendered, captured),
        inside_bits=None,
        corner=(WORD * words.start, rows.start),
        size=(width, height),
        left_out_px=0,
        region="image",
    )


def _joint_window(masks: tuple[MaskBits, MaskBits], height: int) -> tuple[slice, slice]:
    """Return the rows, and the words of each row, of both masks' bounding box and a pixel around."""
    boxes = [box for box in (mask.box() for mask in masks) if box is not None]
    if not boxes:
        return slice(0, 1), slice(0, 1)
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    last_word = masks[0].words.shape[1]
    return (
        slice(max(top - 1, 0), min(bottom + 1, height)),
        slice(max(left - 1, 0) // WORD, min(right // WORD + 1, last_word)),
    )
