"""Undoes PNG's row filters for pictures of one byte per pixel, compiled.

PNG specification, third edition, section 9: each row starts with its filter type; a byte is predicted from the bytes to
the left (a), above (b) and above left (c), and what is stored is the difference modulo 256.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage
from renderkit.compiled import inlined_kernel, kernel
from renderkit.images.bit_runs import pack_word

_RUN = 128
"""Pixels that are looked at at once: two words of a mask. Loops over fewer are unrolled and not vectorised."""
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4


@kernel
def unfilter_rows(raw: NDArray[np.uint8], pixels: AlphaImage) -> int:
    """Fill `pixels`.

    Args:
        raw: (height * (width + 1),) inflated rows, each after its filter type.
        pixels: (height, width) receives the picture.

    Returns:
        The first row whose filter type does not exist, or -1.
    """
    height, width = pixels.shape
    for row in range(height):
        line = pixels[row]
        # Above the first row are zeros; laid into the row itself they are read before they are written over.
        above = pixels[row - 1] if row else line
        if row == 0:
            line[:] = 0
        if not _undo_row(raw[row * (width + 1) : (row + 1) * (width + 1)], above, line):
            return row
    return -1


@kernel
def threshold_rows(
    raw: NDArray[np.uint8],
    least: int,
    lines: AlphaImage,
    found: NDArray[np.uint8],
    eights: NDArray[np.uint64],
    words: NDArray[np.uint64],
) -> tuple[int, int]:
    """Undo the filters and compare with a threshold, row by row: the picture itself is never in memory as a whole.

    Args:
        raw: (height * (width + 1),) inflated rows, each after its filter type.
        least: The least value that is inside.
        lines: (2, width) scratch.
        found: (64 * words,) scratch for a row; zeros beyond the width.
        eights: (8 * words,) the same memory, eight pixels at a time.
        words: (height, words) receives, as bits, where the picture's values are at least so much.

    Returns:
        The first row whose filter type does not exist, or -1, and the greatest value of the picture.
    """
    height, width = words.shape[0], lines.shape[1]
    limit, top = np.uint8(least), np.uint8(0)
    lines[:] = 0
    for row in range(height):
        start = row * (width + 1)
        line, above = lines[row & 1], lines[1 - (row & 1)]
        is_read_again = row + 1 < height and raw[start + width + 1] > _SUB
        if raw[start] == _SUB and not is_read_again:
            values = raw[start + 1 : start + width + 1]
            top = max(top, _threshold_sub(values, limit, line, found[:64], eights[:8], words[row]))
            continue
        if not _undo_row(raw[start : start + width + 1], above, line):
            return row, int(top)
        for x in range(width):
            found[x] = 1 if line[x] >= limit else 0
            top = max(top, line[x])
        for word in range(words.shape[1]):
            words[row, word] = pack_word(eights[8 * word : 8 * word + 8])
    # A literal would be of another type.
    return int(np.int64(-1)), int(top)


@kernel
def _threshold_sub(
    filtered: NDArray[np.uint8],
    limit: np.uint8,
    line: NDArray[np.uint8],
    found: NDArray[np.uint8],
    eights: NDArray[np.uint64],
    words: NDArray[np.uint64],
) -> np.uint8:
    """Threshold a row of differences that no other row is read from; a run of zeros is a word of one kind.

    Args:
        filtered: (width,) differences.
        limit: The least value that is inside.
        line: (width,) scratch.
        found: (64,) scratch.
        eights: (8,) the same memory.
        words: (words,) receives the row.

    Returns:
        The row's greatest value.
    """
    width = filtered.shape[0]
    whole = width - width % _RUN
    left, top = np.uint8(0), np.uint8(0)
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    for start in range(0, width, _RUN):
        first, end = start >> 6, min((start + _RUN) >> 6, words.shape[0])
        if start < whole and _is_zero(filtered[start : start + _RUN]):
            words[first:end] = ones if left >= limit else np.uint64(0)
            continue
        for word in range(first, end):
            run = filtered[64 * word : min(64 * word + 64, width)]
            values = line[: run.shape[0]]
            left = _sum_run(run, left, values)
            for x in range(values.shape[0]):
                top = max(top, values[x])
            words[word] = _threshold_run(values, limit, found, eights)
    return top


@inlined_kernel
def _is_zero(run: NDArray[np.uint8]) -> bool:
    """Whether a run is zero; not broken off, so that whole registers are compared at once."""
    held = np.uint8(0)
    for i in range(_RUN):
        held = np.uint8(held | run[i])
    return bool(held == 0)


@inlined_kernel
def _sum_run(run: NDArray[np.uint8], left: np.uint8, values: NDArray[np.uint8]) -> np.uint8:
    """Write the running sum of a run, which starts from `left`; returns the last value."""
    whole = run.shape[0] - run.shape[0] % 8
    for start in range(0, whole, 8):
        held = np.uint8(0)
        for x in range(start, start + 8):
            held = np.uint8(held | run[x])
        if held == 0:
            for x in range(start, start + 8):
                values[x] = left
            continue
        for x in range(start, start + 8):
            left = np.uint8(left + run[x])
            values[x] = left
    for x in range(whole, run.shape[0]):
        left = np.uint8(left + run[x])
        values[x] = left
    return left


@inlined_kernel
def _threshold_run(
    values: NDArray[np.uint8], limit: np.uint8, found: NDArray[np.uint8], eights: NDArray[np.uint64]
) -> np.uint64:
    """Return, as bits, which of up to 64 values are at least `limit`."""
    if values.shape[0] < 64:
        found[:] = 0
    for x in range(values.shape[0]):
        found[x] = 1 if values[x] >= limit else 0
    return pack_word(eights)


@kernel
def _undo_row(filtered: NDArray[np.uint8], above: NDArray[np.uint8], line: NDArray[np.uint8]) -> bool:
    """Undo the filter of one row, which follows its type; returns whether there is such a type."""
    kind, values = filtered[0], filtered[1:]
    if kind > _PAETH:
        return False
    if kind == _SUB:
        _undo_sub(values, line)
    elif kind == _AVERAGE:
        _undo_average(values, above, line)
    elif kind == _PAETH:
        _undo_paeth(values, above, line)
    elif kind == _UP:
        for x in range(line.shape[0]):
            line[x] = np.uint8(values[x] + above[x])
    else:
        for x in range(line.shape[0]):
            line[x] = values[x]
    return True


@kernel
def _undo_sub(filtered: NDArray[np.uint8], line: NDArray[np.uint8]) -> None:
    """Running sum; a run of zeros repeats the byte before it, and mattes are made of such runs."""
    width = line.shape[0]
    whole = width - width % _RUN
    left = np.uint8(0)
    for start in range(0, whole, _RUN):
        if _is_zero(filtered[start : start + _RUN]):
            for i in range(_RUN):
                line[start + i] = left
            continue
        left = _sum_run(filtered[start : start + _RUN], left, line[start : start + _RUN])
    _sum_run(filtered[whole:], left, line[whole:])


@kernel
def _undo_average(filtered: NDArray[np.uint8], above: NDArray[np.uint8], line: NDArray[np.uint8]) -> None:
    left = 0
    for x in range(line.shape[0]):
        left = (int(filtered[x]) + ((left + int(above[x])) >> 1)) & 255
        line[x] = left


@kernel
def _undo_paeth(filtered: NDArray[np.uint8], above: NDArray[np.uint8], line: NDArray[np.uint8]) -> None:
    """The neighbour nearest to a + b - c, in the order a, b, c."""
    left, upper_left = 0, 0
    for x in range(line.shape[0]):
        up = int(above[x])
        to_left, to_up, to_corner = abs(up - upper_left), abs(left - upper_left), abs(left + up - 2 * upper_left)
        nearest = up if to_up <= to_corner else upper_left
        nearest = left if to_left <= to_up and to_left <= to_corner else nearest
        left = (int(filtered[x]) + nearest) & 255
        upper_left = up
        line[x] = left


@kernel
def reduce_rows(
    raw: NDArray[np.uint8], lines: AlphaImage, step: int, sums: NDArray[np.uint32], small: AlphaImage
) -> int:
    """Undo the filters and average squares of pixels, row by row: the picture itself is never in memory as a whole.

    Args:
        raw: (height * (width + 1),) inflated rows, each after its filter type.
        lines: (2, width) scratch.
        step: Pixels along the edge of a square, more than 1.
        sums: (width,) scratch.
        small: (h, w) receives the means of whole squares, rounded.

    Returns:
        The first row whose filter type does not exist, or -1.
    """
    width = lines.shape[1]
    scale = np.float32(1.0) / np.float32(step * step)
    lines[:] = 0
    for row in range(small.shape[0] * step):
        line, above = lines[row & 1], lines[1 - (row & 1)]
        if not _undo_row(raw[row * (width + 1) : (row + 1) * (width + 1)], above, line):
            return row
        means = small[row // step]
        if step == 2:
            if row & 1:
                for x in range(means.shape[0]):
                    total = int(line[2 * x]) + int(line[2 * x + 1]) + int(above[2 * x]) + int(above[2 * x + 1])
                    means[x] = (total + 2) >> 2
            continue
        if row % step == 0:
            sums[:] = 0
        for x in range(width):
            sums[x] += line[x]
        if row % step == step - 1:
            _fold_sums(sums, step, scale, means)
    return int(np.int64(-1))


@inlined_kernel
def _fold_sums(sums: NDArray[np.uint32], step: int, scale: np.float32, means: NDArray[np.uint8]) -> None:
    """Write the means of squares, of which the columns are summed."""
    for x in range(means.shape[0]):
        whole = np.uint32(0)
        for i in range(step):
            whole += sums[x * step + i]
        means[x] = np.uint8(np.rint(np.float32(whole) * scale))
