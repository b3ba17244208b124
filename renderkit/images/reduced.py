"""Pictures at the size they are shown in: cut out, scaled, and every pixel where its camera says.

The image of a camera spans [-0.5, width - 0.5]; a window of it that is scaled to a size keeps its borders, so that
pixel u of the window becomes (u + 0.5) * ratio - 0.5, as `Camera.cropped` and `Camera.scaled` say.

libjpeg decodes a JPEG at 1/2, 1/4 or 1/8 of its size for a fraction of the time: each block of 8 x 8 px gives 4 x 4,
2 x 2 or 1 px, so that a pixel is the mean of whole pixels. That is used where the window begins and ends between such
pixels; OpenCV's resize maps borders to borders then.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage

Window: TypeAlias = tuple[int, int, int, int]
"""x and y of the top-left pixel, width, height, px."""

REDUCTIONS: Final = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
"""OpenCV's flag for each scale at which libjpeg decodes."""

_ENLARGE: Final = 1.1
"""A JPEG decoded small may be enlarged by so much: nobody sees it, and decoding at twice the size takes three times."""


def choose_reduction(window: Window, size: tuple[int, int]) -> int:
    """Return 8, 4, 2 or 1: by how much a JPEG may be decoded smaller when a window of it is shown at `size`."""
    for factor in REDUCTIONS:
        large_enough = window[2] * _ENLARGE >= factor * size[0] and window[3] * _ENLARGE >= factor * size[1]
        if large_enough and not any(number % factor for number in window):
            return factor
    return 1


def squares_for(shape: tuple[int, ...], max_side: int) -> int:
    """Return the edge, px, of the squares that become a pixel each where a (height, width) is at most `max_side`."""
    return -(-max(shape) // max_side)


def mean_of_squares(alpha: AlphaImage, step: int) -> AlphaImage:
    """Return an 8-bit picture whose pixels are the means of squares of whole pixels, rounded.

    Borders that do not fill a square are left out, by which the picture is smaller in less than one pixel.

    Args:
        alpha: (height, width) the picture.
        step: Edge of the squares, px.
    """
    if step == 1:
        return alpha
    height, width = (step * max(1, side // step) for side in alpha.shape)
    small = cv2.resize(alpha[:height, :width], (width // step, height // step), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def resample(pixels: NDArray[Any], reduced_by: int, window: Window, size: tuple[int, int]) -> NDArray[Any]:
    """Return a window of a picture at another size; its borders stay where they are.

    Args:
        pixels: (height, width) or (height, width, 3) decoded picture.
        reduced_by: By how much it was decoded smaller; it divides the window.
        window: In px of the whole picture.
        size: (width, height) of the result.
    """
    x0, y0, width, height = (number // reduced_by for number in window)
    part = pixels[y0 : y0 + height, x0 : x0 + width]
    # As libjpeg does for a photograph: the mean of whole blocks takes a tenth of the time of that of parts of pixels.
    factor = choose_reduction((0, 0, width, height), size)
    if factor > 1:
        width, height = width // factor, height // factor
        part = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA))
    if (width, height) == size:
        return part
    return np.asarray(cv2.resize(part, size, interpolation=_interpolation((width, height), size)))


def _interpolation(size: tuple[int, int], wanted: tuple[int, int]) -> int:
    """Return OpenCV's way to scale: down to 3/5, its two nearest pixels miss none, in a fifth of the time of a mean."""
    (width, height), (new_width, new_height) = size, wanted
    if new_width > width or new_height > height:
        return cv2.INTER_CUBIC
    return cv2.INTER_LINEAR if 3 * width <= 5 * new_width and 3 * height <= 5 * new_height else cv2.INTER_AREA
