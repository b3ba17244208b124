"""The smallest window of the picture that holds both masks: all that a mask metric has to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.metrics.mask_bits import WORD, MaskBits
from renderkit.metrics.mask_pair import mask_pair
from renderkit.metrics.region import Region


@dataclass(frozen=True, eq=False)
class MaskWindow:
    """Two masks of one picture, cut to their common bounding box and at least one pixel around.

    The window ends either in background or at the picture's own border, so outlines, bands and distances in it are
    those of the whole picture. Its columns begin and end at whole words of 64 px.

    Attributes:
        rendered: (h, w) 0/1 bytes, A.
        captured: (h, w) 0/1 bytes, B.
        rendered_bits: A as bits.
        captured_bits: B as bits.
        whole: Both masks as bits of the whole picture.
        inside: (h, w) 0/1 bytes, the evaluation region; None is everywhere.
        inside_bits: The same as bits.
        corner: (x, y) of the window's first pixel in the picture.
        size: (width, height) of the picture.
        left_out_px: Pixels of the picture outside the region.
        region: Name of the region; "image" is the whole picture.
    """

    rendered: AlphaImage
    captured: AlphaImage
    rendered_bits: MaskBits
    captured_bits: MaskBits
    whole: tuple[MaskBits, MaskBits]
    inside: AlphaImage | None
    inside_bits: MaskBits | None
    corner: tuple[int, int]
    size: tuple[int, int]
    left_out_px: int
    region: str

    def within(self, region: Region | None) -> MaskWindow:
        """Return the same masks, to be scored in a region; None is everywhere.

        Raises:
            ValueError: If the region is of another shape.
        """
        if region is None:
            return replace(self, inside=None, inside_bits=None, left_out_px=0, region="image")
        (width, height), (x, y) = self.size, self.corner
        rows, columns = self.rendered.shape
        inside = region.bytes_for((height, width))[y : y + rows, x : x + columns]
        words = slice(x // WORD, x // WORD + self.rendered_bits.words.shape[1])
        bits = region.bits.crop(slice(y, y + rows), words)
        return replace(
            self, inside=inside, inside_bits=bits, left_out_px=width * height - region.bits.count, region=region.name
        )


def cut_window(rendered: MaskImage, captured: MaskImage, region: Region | None = None) -> MaskWindow:
    """Cut two masks to the window that holds both.

    Raises:
        ValueError: If the masks are not bool images of one shape, or the region is of another.
    """
    first, second = mask_pair(rendered, captured)
    height, width = first.shape
    bits = MaskBits.pack(first), MaskBits.pack(second)
    rows, words = _joint_window(bits, height)
    columns = slice(WORD * words.start, min(WORD * words.stop, width))
    window = MaskWindow(
        first[rows, columns],
        second[rows, columns],
        bits[0].crop(rows, words),
        bits[1].crop(rows, words),
        bits,
        None,
        None,
        (columns.start, rows.start),
        (width, height),
        0,
        "image",
    )
    return window.within(region)


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
