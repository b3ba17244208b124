"""The smallest window of the picture that holds both masks: all that a mask metric has to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from renderkit.arguments import as_kind
from renderkit.arrays import AlphaImage, MaskImage
from renderkit.computed_once import computed_once
from renderkit.images.mask_bits import WORD, MaskBits, Words, joint_box
from renderkit.metrics.mask_pair import check_shapes, mask_pair
from renderkit.metrics.region import Region

WindowBounds: TypeAlias = tuple[int, int, int, int]
"""The first row, the row after the last one, the first word of each row, the word after the last one."""


@dataclass(frozen=True, eq=False)
class MaskWindow:
    """Two masks of one picture, cut to their common bounding box and at least one pixel around.

    The window ends either in background or at the picture's own border, so outlines, bands and distances in it are
    those of the whole picture. Its columns begin and end at whole words of 64 px.

    Attributes:
        whole: Both masks, A and B, as bits of the whole picture.
        rows: The rows of the window.
        words: The words of each row in it.
        inside_bits: The evaluation region in the window as bits; None is everywhere.
        left_out_px: Pixels of the picture outside the region.
        region: Name of the region; "image" is the whole picture.
    """

    whole: tuple[MaskBits, MaskBits]
    rows: slice
    words: slice
    inside_bits: MaskBits | None = None
    left_out_px: int = 0
    region: str = "image"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture."""
        height, width = self.whole[0].shape
        return width, height

    @property
    def corner(self) -> tuple[int, int]:
        """(x, y) of the window's first pixel in the picture."""
        return WORD * self.words.start, self.rows.start

    @property
    def bounds(self) -> WindowBounds:
        """The window for kernels."""
        return self.rows.start, self.rows.stop, self.words.start, self.words.stop

    @property
    def inside_words(self) -> Words:
        """The region for kernels: (rows, columns) uint64, no rows where it is everywhere."""
        return np.empty((0, 0), np.uint64) if self.inside_bits is None else self.inside_bits.words

    @computed_once
    def rendered_bits(self) -> MaskBits:
        """A in the window as bits."""
        return self.whole[0].crop(self.rows, self.words)

    @computed_once
    def captured_bits(self) -> MaskBits:
        """B in the window as bits."""
        return self.whole[1].crop(self.rows, self.words)

    @computed_once
    def rendered(self) -> AlphaImage:
        """(h, w) 0/1 bytes, A."""
        return self.rendered_bits.unpack().view(np.uint8)

    @computed_once
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
        as_kind("region", region, Region, "renderkit.metrics.region.Region(mask, name)")
        whole = region.bits_for(self.whole[0].shape)
        width, height = self.size
        bits = whole.crop(self.rows, self.words)
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
    box = joint_box(rendered, captured)
    if box is None:
        return MaskWindow((rendered, captured), slice(0, 1), slice(0, 1))
    left, top, right, bottom = box
    height, num_words = rendered.words.shape
    rows = slice(max(top - 1, 0), min(bottom + 1, height))
    return MaskWindow((rendered, captured), rows, slice(max(left - 1, 0) // WORD, min(right // WORD + 1, num_words)))
