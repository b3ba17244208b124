"""8-bit pictures at a smaller size: each new pixel is the mean of what it covers, parts of pixels counted in part.

The same as OpenCV's INTER_AREA but for rounding, in half the time where the sizes are no multiples of each other.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.compiled import kernel


def shrink(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture at a size that is larger in no direction; its borders stay where they are.

    Args:
        picture: (height, width) or (height, width, channels) uint8.
        size: (width, height) of the result.

    Raises:
        ValueError: If the size is larger than the picture in some direction, or empty.
    """
    (height, width), (new_width, new_height) = picture.shape[:2], size
    if not (1 <= new_width <= width and 1 <= new_height <= height):
        raise ValueError(f"size: expected 1 x 1 to {width} x {height} px, got {new_width} x {new_height} px")
    channels = math.prod(picture.shape[2:])
    if channels not in {1, 3} or (width % new_width == 0 and height % new_height == 0):
        # OpenCV adds up whole pixels as fast as they are read.
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    given = np.ascontiguousarray(picture, np.uint8).reshape(height, width * channels)
    given.flags.writeable = False
    found = np.empty((new_height, new_width * channels), np.uint8)
    line = np.empty(width * channels, np.float32)
    _shrink(given, *_parts(width, new_width), *_parts(height, new_height), line, found)
    return found.reshape(new_height, new_width, *picture.shape[2:])


def _parts(length: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Divide `length` pixels into `count` equal parts.

    Returns:
        (count,) the first pixel of each part; (count, K) the shares of the part that K pixels from there on have, zero
        for those that it does not reach.
    """
    starts = np.arange(count + 1) * (length / count)
    taps = min(math.ceil(length / count) + 1, length)
    first = np.minimum(np.floor(starts[:-1]), length - taps)
    begins = first[:, None] + np.arange(taps)
    covered = np.minimum(begins + 1.0, starts[1:, None]) - np.maximum(begins, starts[:-1, None])
    return first.astype(np.int32), (np.maximum(covered, 0.0) * (count / length)).astype(np.float32)


@kernel
def _shrink(
    picture: NDArray[np.uint8],
    columns: NDArray[np.int32], column_shares: NDArray[np.float32],
    rows: NDArray[np.int32], row_shares: NDArray[np.float32],
    line: NDArray[np.float32], found: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill `found`, of one channel or three; `line` is scratch for one row of the picture."""
    for y in range(rows.shape[0]):
        _add_rows(picture, rows[y], row_shares[y], line)
        if found.shape[1] == columns.shape[0]:
            _shrink_row(line, columns, column_shares, found[y])
        else:
            _shrink_colors(line, columns, column_shares, found[y])


@kernel
def _add_rows(picture: NDArray[np.uint8], first: int, shares: NDArray[np.float32], line: NDArray[np.float32]) -> None:
    upper, lower = picture[first], picture[min(first + 1, picture.shape[0] - 1)]
    share, other = shares[0], shares[1] if shares.shape[0] > 1 else np.float32(0.0)
    for i in range(line.shape[0]):
        line[i] = np.float32(upper[i]) * share + np.float32(lower[i]) * other
    for k in range(2, shares.shape[0]):
        if shares[k] != 0.0:
            row, share = picture[first + k], shares[k]
            for i in range(line.shape[0]):
                line[i] += np.float32(row[i]) * share


@kernel
def _shrink_colors(
    line: NDArray[np.float32], columns: NDArray[np.int32], shares: NDArray[np.float32], found: NDArray[np.uint8]
) -> None:
    for x in range(columns.shape[0]):
        # Unsigned: a signed index costs a test for negative ones.
        at, to = np.uint32(3 * columns[x]), np.uint32(3 * x)
        red, green, blue = np.float32(0.5), np.float32(0.5), np.float32(0.5)
        for k in range(shares.shape[1]):
            share = shares[x, k]
            red += line[at] * share
            green += line[at + np.uint32(1)] * share
            blue += line[at + np.uint32(2)] * share
            at += np.uint32(3)
        found[to], found[to + np.uint32(1)], found[to + np.uint32(2)] = _byte(red), _byte(green), _byte(blue)


@kernel
def _shrink_row(
    line: NDArray[np.float32], columns: NDArray[np.int32], shares: NDArray[np.float32], found: NDArray[np.uint8]
) -> None:
    for x in range(columns.shape[0]):
        at, total = np.uint32(columns[x]), np.float32(0.5)
        for k in range(shares.shape[1]):
            total += line[at] * shares[x, k]
            at += np.uint32(1)
        found[x] = _byte(total)


@kernel
def _byte(value: np.float32) -> np.uint8:
    return np.uint8(np.int32(value))
