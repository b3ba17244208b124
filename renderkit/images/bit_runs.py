"""Masks as bits, compiled: packing and unpacking, and erosion along columns and rows in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import MaskImage
from renderkit.compiled import inlined_kernel, kernel


@kernel
def pack_bytes(eights: NDArray[np.uint64], packed: NDArray[np.uint8]) -> None:
    """Pack bytes that are 0 or 1, eight to a byte.

    Args:
        eights: (height, width / 8) little-endian words: a mask seen eight pixels at a time.
        packed: (height, at least width / 8) receives bit i of byte j for the pixel 8 j + i.
    """
    for row in range(eights.shape[0]):
        for column in range(eights.shape[1]):
            packed[row, column] = pack_eight(eights[row, column])


@inlined_kernel
def pack_eight(eight: np.uint64) -> np.uint64:
    """Return the bits of eight bytes that are 0 or 1."""
    # The product brings the lowest bit of byte i to bit 56 + i, and nothing else there.
    return (eight * np.uint64(0x0102040810204080)) >> np.uint64(56)


@inlined_kernel
def pack_word(eights: NDArray[np.uint64]) -> np.uint64:
    """Return the bits of 64 bytes that are 0 or 1, eight of them to each of (8,) words."""
    word = np.uint64(0)
    for i in range(8):
        word |= pack_eight(eights[i]) << np.uint64(8 * i)
    return word


@kernel
def unpack_words(words: NDArray[np.uint64], left: int, top: int, right: int, bottom: int, mask: MaskImage) -> None:
    """Write a window of a mask; what lies around it is left alone.

    Args:
        words: (height, words) uint64, the lowest bit is the leftmost pixel.
        left: First column of the window.
        top: First row.
        right: Column after the last one.
        bottom: Row after the last one.
        mask: (height, width) receives the pixels.
    """
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    for row in range(top, bottom):
        line, start = mask[row], left
        while start < right:
            word, end = words[row, start >> 6], min((start | 63) + 1, right)
            if word == np.uint64(0) or word == ones:
                # As far as it goes on alike.
                while end < right and words[row, end >> 6] == word:
                    end = min(end + 64, right)
                line[start:end] = word != np.uint64(0)
            else:
                for x in range(start, end):
                    line[x] = (word >> np.uint64(x & 63)) & np.uint64(1) != np.uint64(0)
            start = end


@kernel
def take_every(words: NDArray[np.uint64], step: int, mask: MaskImage) -> None:
    """Write the pixels of a mask whose row and column are multiples of a step.

    Args:
        words: (height, words) uint64, the lowest bit is the leftmost pixel.
        step: Pixels.
        mask: (h, w) receives the pixels.
    """
    ones, width, count = np.uint64(0xFFFFFFFFFFFFFFFF), mask.shape[1], words.shape[1]
    for row in range(mask.shape[0]):
        line, given = mask[row], words[row * step]
        start, column = 0, 0
        while start < width:
            word, next_column = given[column], column + 1
            is_even = word == np.uint64(0) or word == ones
            while is_even and next_column < count and given[next_column] == word:
                next_column += 1
            end = min((64 * next_column + step - 1) // step, width)
            if is_even:
                line[start:end] = word != np.uint64(0)
            else:
                for x in range(start, end):
                    line[x] = (word >> np.uint64(x * step & 63)) & np.uint64(1) != np.uint64(0)
            start, column = end, (end * step) >> 6


_SEQUENCE = 0x03F79D71B4CB0A89
"""A de Bruijn sequence: each run of six bits in it is another number (Leiserson, Prokop and Randall 1998)."""
_PLACES = np.array(
    [number for _, number in sorted((((_SEQUENCE << bit) & ((1 << 64) - 1)) >> 58, bit) for bit in range(64))], np.uint8
)


@kernel
def list_pixels(words: NDArray[np.uint64], points: NDArray[np.int32]) -> None:
    """List the pixels of a mask.

    Args:
        words: (height, words) uint64, the lowest bit is the leftmost pixel.
        points: (N, 2), N the number of pixels, receives x and y, by row then column.
    """
    found = 0
    for row in range(words.shape[0]):
        for column in range(words.shape[1]):
            left = words[row, column]
            while left != np.uint64(0):
                lowest = left & (~left + np.uint64(1))
                place = _PLACES[(lowest * np.uint64(_SEQUENCE)) >> np.uint64(58)]
                points[found, 0] = 64 * column + place
                points[found, 1] = row
                found += 1
                left ^= lowest


@kernel
def bound_masks(
    first: NDArray[np.uint64], second: NDArray[np.uint64], across: NDArray[np.uint64]
) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what two masks hold together, ends excluded; zeros where that is nothing.

    Args:
        first: (height, words) uint64.
        second: (height, words) uint64.
        across: (words,) scratch.
    """
    across[:] = 0
    top, bottom = _fold_words(first, across)
    other_top, other_bottom = _fold_words(second, across)
    if other_bottom:
        top = min(top, other_top) if bottom else other_top
        bottom = max(bottom, other_bottom)
    if bottom == 0:
        return top, top, top, top
    low, high = 0, across.shape[0] - 1
    while across[low] == 0:
        low += 1
    while across[high] == 0:
        high -= 1
    left, right = 64 * low, 64 * high + 64
    while not across[low] >> np.uint64(left & 63) & np.uint64(1):
        left += 1
    while not across[high] >> np.uint64((right - 1) & 63) & np.uint64(1):
        right -= 1
    return left, top, right, bottom


@kernel
def _fold_words(words: NDArray[np.uint64], across: NDArray[np.uint64]) -> tuple[int, int]:
    """Lay all rows of a mask over each other.

    Args:
        words: (height, words) uint64.
        across: (words,) the columns that hold a pixel of the mask are added.

    Returns:
        The first row with a pixel, and the row after the last one; both 0 where there is none.
    """
    first, end = int(np.int64(0)), int(np.int64(0))
    for row in range(words.shape[0]):
        line, seen = words[row], np.uint64(0)
        for word in range(line.shape[0]):
            across[word] |= line[word]
            seen |= line[word]
        if seen:
            first = first if end else row
            end = row + 1
    return first, end


@inlined_kernel
def count_ones(word: np.uint64) -> int:
    """Return how many bits of a word are set (Warren, Hacker's Delight, 2nd edition, figure 5-2)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def find_boundary(words: NDArray[np.uint64], beyond: int, top: int, left: int, boundary: NDArray[np.uint64]) -> None:
    """Keep the pixels with a 4-neighbour in the picture outside of the mask.

    Args:
        words: (height, words) uint64, the lowest bit is the leftmost pixel; bits beyond the width are zero.
        beyond: How many bits of a row's last word lie beyond the width, 0 to 63.
        top: The first row of the window that is looked at.
        left: Its first word.
        boundary: (rows, columns) receives the boundary in the window.
    """
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    height, last = words.shape[0], words.shape[1] - 1
    # What lies outside of the picture counts as the mask.
    margin = ones << np.uint64(64 - beyond) if beyond else np.uint64(0)
    for row in range(top, top + boundary.shape[0]):
        for word in range(left, left + boundary.shape[1]):
            here = words[row, word]
            if here == np.uint64(0):
                boundary[row - top, word - left] = here
                continue
            inside = words[row - 1, word] if row > 0 else ones
            inside &= words[row + 1, word] if row + 1 < height else ones
            inside &= (here << np.uint64(1)) | ((words[row, word - 1] if word > 0 else ones) >> np.uint64(63))
            shown = here | margin if word == last else here
            inside &= (shown >> np.uint64(1)) | ((words[row, word + 1] if word < last else ones) << np.uint64(63))
            boundary[row - top, word - left] = here & ~inside


@kernel
def keep_full_runs(words: NDArray[np.uint64], length: int) -> None:
    """Clear, in place, each pixel that does not begin a run of `length` pixels of the mask in its row.

    Runs double in every step. Beyond the last word counts as the mask.
    """
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    num_words = words.shape[1]
    for row in range(words.shape[0]):
        reached = 1
        while reached < length:
            step = min(reached, length - reached)
            whole, rest, back = step >> 6, np.uint64(step & 63), np.uint64(64 - (step & 63))
            start = 0
            if whole == 0:
                # The usual case, without the questions of the general one, so that whole registers are worked on.
                line = words[row]
                for word in range(num_words - 1):
                    line[word] &= (line[word] >> rest) | (line[word + 1] << back)
                start = num_words - 1
            for word in range(start, num_words):
                # Words to the right are still those of the step before.
                low = words[row, word + whole] if word + whole < num_words else ones
                if rest:
                    high = words[row, word + whole + 1] if word + whole + 1 < num_words else ones
                    low = (low >> rest) | (high << back)
                words[row, word] &= low
            reached += step


@kernel
def keep_full_columns(words: NDArray[np.uint64], length: int) -> None:
    """Clear, in place, each pixel that does not begin a run of `length` pixels of the mask down its column.

    Below the last row counts as the mask.
    """
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        for row in range(words.shape[0] - step):
            for word in range(words.shape[1]):
                words[row, word] &= words[row + step, word]
        reached += step


@kernel
def grow_mask(
    words: NDArray[np.uint64], reach: int, beyond: int, line: NDArray[np.uint64], grown: NDArray[np.uint64]
) -> None:
    """Add every pixel of the picture within `reach` (chessboard distance) of a mask. Runs double in every step.

    Args:
        words: (height, words) uint64, the lowest bit is the leftmost pixel; bits beyond the width are zero.
        reach: Pixels.
        beyond: How many bits of a row's last word lie beyond the width, 0 to 63.
        line: (words + ceil(reach / 64) + 1,) scratch.
        grown: (height + reach, words) receives the mask in its first rows.
    """
    num_words, margin, length = words.shape[1], (reach + 63) // 64, 2 * reach + 1
    shift, last = 64 * margin - reach, np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(beyond)
    grown[:reach] = 0
    for row in range(words.shape[0]):
        given, found = words[row], grown[row + reach]
        held = np.uint64(0)
        for word in range(num_words):
            held |= given[word]
        if held == np.uint64(0):
            found[:] = 0
            continue
        # With nothing to the left, so that no run begins outside of the line, and to the right.
        line[:] = 0
        for word in range(num_words):
            line[margin + word] = given[word]
        _spread_right_to_left(line, length)
        # A run belongs to its middle.
        for word in range(num_words):
            low = line[word]
            found[word] = (low >> np.uint64(shift)) | (line[word + 1] << np.uint64(64 - shift)) if shift else low
        found[num_words - 1] &= last
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        for row in range(grown.shape[0] - step):
            for word in range(num_words):
                grown[row, word] |= grown[row + step, word]
        reached += step


@kernel
def _spread_right_to_left(line: NDArray[np.uint64], length: int) -> None:
    """Set, in place, each pixel that begins a run of `length` pixels of which one is set. The last word is empty."""
    reached, last = 1, line.shape[0] - 1
    while reached < length:
        step = min(reached, length - reached)
        whole, rest, back = step >> 6, np.uint64(step & 63), np.uint64(64 - (step & 63))
        if whole == 0:
            for word in range(last):
                line[word] |= (line[word] >> rest) | (line[word + 1] << back)
        else:
            for word in range(last):
                low = line[word + whole] if word + whole <= last else np.uint64(0)
                if rest:
                    high = line[word + whole + 1] if word + whole < last else np.uint64(0)
                    low = (low >> rest) | (high << back)
                line[word] |= low
        reached += step
