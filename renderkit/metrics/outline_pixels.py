"""Two packed masks of one picture, compiled: pixels counted, outlines listed, and the distances between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderkit.compiled import kernel
from renderkit.images.bit_runs import count_ones, find_boundary, list_pixels
from renderkit.metrics.mask_window import WindowBounds
from renderkit.metrics.nearest import find_nearest


@kernel
def count_overlap(
    first: NDArray[np.uint64], second: NDArray[np.uint64], inside: NDArray[np.uint64], window: WindowBounds
) -> tuple[int, int, int]:
    """Count the pixels of two masks and of their intersection in a window.

    Args:
        first: (height, words) uint64.
        second: (height, words) uint64.
        inside: (rows, columns) the pixels that count in the window; no rows stand for all.
        window: The first row, the row after the last one, the first word, the word after the last one.
    """
    in_first, in_second, in_both = 0, 0, 0
    top, bottom, left, right = window
    for row in range(top, bottom):
        one, other = first[row, left:right], second[row, left:right]
        for word in range(right - left):
            here, there = one[word], other[word]
            if inside.shape[0]:
                here, there = here & inside[row - top, word], there & inside[row - top, word]
            in_first += count_ones(here)
            in_second += count_ones(there)
            in_both += count_ones(here & there)
    return in_first, in_second, in_both


@kernel
def mark_outlines(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    beyond: int,
    corner: tuple[int, int],
    marks: NDArray[np.uint64],
    starts: NDArray[np.int64],
) -> tuple[int, int]:
    """Mark the boundary pixels of two masks in a window that holds them; returns how many each has.

    Args:
        first: (height, words) uint64.
        second: (height, words) uint64.
        beyond: How many bits of a row's last word lie beyond the width.
        corner: The window's first row and first word.
        marks: (2, rows, columns) receives the boundaries.
        starts: (2, rows + 1) receives how many boundary pixels lie above each row.
    """
    return (
        _mark_outline(first, beyond, corner, marks[0], starts[0]),
        _mark_outline(second, beyond, corner, marks[1], starts[1]),
    )


@kernel
def _mark_outline(
    words: NDArray[np.uint64],
    beyond: int,
    corner: tuple[int, int],
    marks: NDArray[np.uint64],
    starts: NDArray[np.int64],
) -> int:
    find_boundary(words, beyond, *corner, marks)
    total = 0
    for row in range(marks.shape[0]):
        starts[row] = total
        for word in range(marks.shape[1]):
            total += count_ones(marks[row, word])
    starts[marks.shape[0]] = total
    return total


@kernel
def measure_marked(
    marks: NDArray[np.uint64], starts: NDArray[np.int64], inside: NDArray[np.uint64],
    every_first: NDArray[np.int32], every_second: NDArray[np.int32], corner: tuple[int, int],
    first: NDArray[np.int32], first_squared: NDArray[np.int64], nearest: NDArray[np.int32],
    second: NDArray[np.int32], second_squared: NDArray[np.int64],
) -> tuple[int, int]:  # fmt: skip
    """List the outlines' pixels inside a region, and how far each is from the other outline.

    Args:
        marks: (2, rows, columns) from `mark_outlines`.
        starts: (2, rows + 1) likewise.
        inside: (rows, columns) the region in the window; no rows stand for everywhere.
        every_first: (N, 2) receives all boundary pixels (x, y) of the first mask in the window.
        every_second: (M, 2) those of the second one.
        corner: The window's first row and first word.
        first: (N, 2) receives those of the first mask inside the region, in the picture.
        first_squared: (N,) receives their squared distances in px^2; -1 where there is no other outline.
        nearest: (N, 2) receives the nearest pixel of the other outline in the picture; (-1, -1) where there is none.
        second: (M, 2) as `first`.
        second_squared: (M,) as `first_squared`.

    Returns:
        How many pixels of each outline lie inside the region.
    """
    list_pixels(marks[0], every_first)
    list_pixels(marks[1], every_second)
    return (
        _measure_outline(every_first, every_second, starts[1], inside, corner, first, first_squared, nearest),
        _measure_outline(every_second, every_first, starts[0], inside, corner, second, second_squared, nearest[:0]),
    )


@kernel
def _measure_outline(
    pixels: NDArray[np.int32], others: NDArray[np.int32], other_starts: NDArray[np.int64], inside: NDArray[np.uint64],
    corner: tuple[int, int],
    found: NDArray[np.int32], squared: NDArray[np.int64], nearest: NDArray[np.int32],
) -> int:  # fmt: skip
    """Do so for one outline; `nearest` may have no rows."""
    count = 0
    top, left = corner
    for i in range(pixels.shape[0]):
        x, y = pixels[i, 0], pixels[i, 1]
        if inside.shape[0] and not inside[y, x >> 6] >> np.uint64(x & 63) & np.uint64(1):
            continue
        found[count, 0], found[count, 1] = x + 64 * left, y + top
        distance, other = find_nearest(float(x), float(y), others, other_starts)
        squared[count] = np.int64(distance) if other >= 0 else -1
        if nearest.shape[0]:
            nearest[count, 0] = others[other, 0] + 64 * left if other >= 0 else -1
            nearest[count, 1] = others[other, 1] + top if other >= 0 else -1
        count += 1
    return count
