"""Masks as bits, 64 pixels to a word: counting and eroding a picture touches 80,000 words and not 5 million bytes.

Bit i of word j of a row is the pixel x = 64 j + i. Bits beyond the width are zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, BoolArray, MaskImage
from renderkit.buffer_pool import Window
from renderkit.computed_once import computed_once

Words: TypeAlias = NDArray[np.uint64]
PixelIndices: TypeAlias = NDArray[np.int32]

WORD = 64
_ONES = np.uint64(2**64 - 1)


def words_for(width: int) -> int:
    """Return how many words hold a row of `width` px."""
    return -(-width // WORD)


@dataclass(frozen=True, eq=False)
class MaskBits:
    """A mask packed into words.

    Attributes:
        words: (height, ceil(width / 64)) uint64.
        width: Width in px.
    """

    words: Words
    width: int

    @classmethod
    def pack(cls, mask: MaskImage | AlphaImage) -> MaskBits:
        """Pack a (height, width) bool or 0/1 mask."""
        from renderkit.images.bit_runs import pack_bytes  # noqa: PLC0415 - loads the compiler

        height, width = mask.shape
        padded = np.zeros((height, 8 * words_for(width)), np.uint8)
        if width % 8:
            packed = np.packbits(mask, axis=1, bitorder="little")
            padded[:, : packed.shape[1]] = packed
        else:
            eights = np.ascontiguousarray(mask).view("<u8")
            # Read-only as rendered masks are: the kernels are compiled for one kind of array.
            eights.flags.writeable = False
            pack_bytes(eights, padded)
        return cls(padded.view("<u8"), width)

    @property
    def count(self) -> int:
        """Number of pixels of the mask."""
        # The Hamming norm is a population count; NumPy has one only from 2.0 on.
        return int(cv2.norm(self.words.view(np.uint8), cv2.NORM_HAMMING)) if self.words.size else 0

    def __and__(self, other: MaskBits) -> MaskBits:
        """Return the intersection with a mask of the same size."""
        return MaskBits(self.words & other.words, self.width)

    def box(self) -> tuple[int, int, int, int] | None:
        """Return (left, top, right, bottom) of the mask, right and bottom exclusive; None when it is empty."""
        return self._box

    @computed_once
    def _box(self) -> tuple[int, int, int, int] | None:
        return joint_box(self, self)

    def crop(self, rows: slice, words: slice) -> MaskBits:
        """Return the window of some rows and some words of each row."""
        width = min(self.width - WORD * words.start, WORD * (words.stop - words.start))
        return MaskBits(np.ascontiguousarray(self.words[rows, words]), width)

    @property
    def beyond(self) -> int:
        """How many bits of a row's last word lie beyond the width."""
        return int(WORD * self.words.shape[1] - self.width)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in px."""
        return len(self.words), self.width

    def unpack(self) -> MaskImage:
        """Return the (height, width) bool mask."""
        mask = np.empty(self.shape, np.bool_)
        self.unpack_into(mask, (0, 0, self.width, len(self.words)))
        return mask

    def unpack_into(self, mask: MaskImage, window: Window) -> None:
        """Write the pixels of a window (x0, y0, x1, y1), ends excluded, into a (height, width) mask."""
        from renderkit.images.bit_runs import unpack_words  # noqa: PLC0415 - loads the compiler

        unpack_words(np.ascontiguousarray(self.words), *window, mask)

    def every(self, step: int) -> BoolArray:
        """Return the (h, w) bool mask of every pixel whose row and column are multiples of `step`."""
        from renderkit.images.bit_runs import take_every  # noqa: PLC0415 - loads the compiler

        mask = np.empty([-(-side // step) for side in self.shape], np.bool_)
        take_every(np.ascontiguousarray(self.words), step, mask)
        return mask

    def complement(self) -> MaskBits:
        """Return the pixels of the picture outside of the mask."""
        words = ~self.words
        if self.beyond:
            words[:, -1] &= _ONES >> np.uint64(self.beyond)
        return MaskBits(words, self.width)

    def grown(self, reach_px: int) -> MaskBits:
        """Return the mask and every pixel within `reach_px` of it (chessboard distance)."""
        from renderkit.images.bit_runs import grow_mask  # noqa: PLC0415 - loads the compiler

        height, count = self.words.shape
        grown = np.empty((height + reach_px, count), np.uint64)
        line = np.empty(count + -(-reach_px // WORD) + 1, np.uint64)
        grow_mask(np.ascontiguousarray(self.words), reach_px, self.beyond, line, grown)
        return MaskBits(grown[:height], self.width)

    def points(self) -> PixelIndices:
        """Return the (N, 2) pixels (x, y) of the mask, by row then column."""
        from renderkit.images.bit_runs import list_pixels  # noqa: PLC0415 - loads the compiler

        points = np.empty((self.count, 2), np.int32)
        list_pixels(np.ascontiguousarray(self.words), points)
        return points

    def at(self, pixels: PixelIndices) -> BoolArray:
        """Return (N,) whether the mask holds each of (N, 2) pixels (x, y), which lie in the picture."""
        words = self.words[pixels[:, 1], pixels[:, 0] >> 6]
        held: BoolArray = (words >> (pixels[:, 0] & 63).astype(np.uint64) & np.uint64(1)) != 0
        return held

    def boundary(self) -> MaskBits:
        """Return the pixels with a 4-neighbour in the picture outside of the mask; its border is no boundary."""
        from renderkit.images.bit_runs import find_boundary  # noqa: PLC0415 - loads the compiler

        found = np.empty_like(self.words)
        find_boundary(self.words, self.beyond, 0, 0, found)
        return MaskBits(found, self.width)

    def inner_band(self, width_px: int) -> MaskBits:
        """Return the pixels within `width_px` (chessboard distance) of the mask's outside in the picture."""
        from renderkit.images.bit_runs import keep_full_columns, keep_full_runs  # noqa: PLC0415 - loads the compiler

        margin = -(-width_px // WORD)
        length = 2 * width_px + 1
        run = self._ringed(width_px, margin)
        keep_full_columns(run, length)
        run = run[: len(self.words)]
        keep_full_runs(run, length)
        # A run starts at its first pixel; the erosion belongs to its middle.
        eroded = _shifted(run, margin * WORD - width_px)[:, : self.words.shape[1]]
        return MaskBits(self.words & ~eroded, self.width)

    def _ringed(self, rows: int, words: int) -> Words:
        """Return the words with the picture's outside, taken for inside the mask, around them."""
        height, count = self.words.shape
        ringed = np.full((height + 2 * rows, count + 2 * words), _ONES)
        center = ringed[rows : rows + height, words : words + count]
        center[:] = self.words
        if self.beyond:
            center[:, -1] |= _ONES << np.uint64(WORD - self.beyond)
        return ringed


def joint_box(first: MaskBits, second: MaskBits) -> tuple[int, int, int, int] | None:
    """Return (left, top, right, bottom) of what two masks of one size hold together, right and bottom exclusive.

    None when both are empty.
    """
    from renderkit.images.bit_runs import bound_masks  # noqa: PLC0415 - loads the compiler

    box = bound_masks(first.words, second.words, np.empty(first.words.shape[1], np.uint64))
    return box if box[3] else None


def _shifted(words: Words, pixels: int) -> Words:
    """Return rows moved left by some pixels: pixel x becomes what x + pixels was. What comes in is not looked at."""
    whole, rest = divmod(pixels, WORD)
    result = np.zeros_like(words)
    kept = words.shape[1] - whole
    if not rest:
        result[:, :kept] = words[:, whole:]
        return result
    np.right_shift(words[:, whole:], np.uint64(rest), out=result[:, :kept])
    result[:, : kept - 1] |= words[:, whole + 1 :] << np.uint64(WORD - rest)
    return result
