"""What a picture of a matte means: greys, 0 and 1, labels, palettes, alpha. The choice is by content, and said.

Programs write mattes in many ways. Alpha here is 0 (background) to 255 (object), one value per pixel:

- 8-bit grey: the values themselves; 16-bit grey: scaled; floats: 0 to 1 scaled.
- Values of at most `MAX_LABEL`: labels, as semantic segmentation writes them; 0 is background, all others are object.
- Palettes: the colours, where they are greys or black and one other colour; otherwise the indices are labels.
- An alpha channel that is not the same everywhere is the matte; otherwise the colours are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, MaskImage
from renderkit.buffer_pool import BufferPool
from renderkit.images.png import PalettePng
from renderkit.wording import counted

MAX_LABEL: Final = 31
"""Pictures whose greatest value is not larger hold labels: as a soft matte they would be all but empty."""

_ALPHA_NOTE: Final = "the picture's alpha channel is read as the matte"

_BLACK: Final = 16
"""Colours whose channels are all at most this are black."""


@dataclass(frozen=True, eq=False)
class Matte:
    """A matte.

    Attributes:
        alpha: (height, width) 0 to 255.
        note: How the picture was read where that is a choice, for people; "" for plain 8-bit grey.
    """

    alpha: AlphaImage
    note: str = ""


def inside_matte(matte: AlphaImage, threshold: float, buffers: BufferPool | None = None) -> MaskImage:
    """Return (height, width) True where alpha / 255 reaches the threshold in (0, 1]."""
    inside = np.empty(matte.shape, np.bool_) if buffers is None else buffers.empty(matte.shape, np.bool_)
    return np.greater_equal(matte, least_inside(threshold), out=inside)


def least_inside(threshold: float) -> int:
    """Return the least alpha that reaches a threshold in (0, 1]."""
    return int(np.ceil(threshold * 255.0))


def matte_of_gray(values: AlphaImage) -> Matte:
    """Read (height, width) 8-bit values."""
    note = label_note(int(values.max(initial=0)))
    return Matte(_object(values), note) if note else Matte(values)


def label_note(top: int) -> str:
    """Say how 8-bit values up to `top` are read; "" where they are alpha, and no labels."""
    if top == 0 or top > MAX_LABEL:
        return ""
    if top == 1:
        return "the matte holds the values 0 and 1: 1 is read as the object"
    return f"the matte holds the labels 0 to {top}: every label but 0 is read as the object"


def matte_of_palette(picture: PalettePng) -> Matte:
    """Read a palette picture by its transparency, its colours, or its indices."""
    used = np.flatnonzero(np.bincount(picture.indices.ravel(), minlength=256))
    alpha, colors = picture.alpha[used], picture.colors[used].astype(np.int64)
    if len(np.unique(alpha)) > 1:
        return Matte(picture.alpha[picture.indices], "the matte is read from the alpha of its palette")
    if (colors == colors[:, :1]).all():
        by_gray = matte_of_gray(picture.colors[:, 0][picture.indices])
        return Matte(by_gray.alpha, by_gray.note or "the matte's palette holds greys: white is read as the object")
    black = used[colors.max(axis=1) <= _BLACK]
    if len(used) == 2 and len(black) == 1:
        note = "the matte's palette holds black and one other colour: the colour is read as the object"
        return Matte(_object(picture.indices != black[0]), note)
    note = f"the matte's palette holds {counted(len(used), 'label')}: every index but 0 is read as the object"
    return Matte(_object(picture.indices), note)


def matte_of_alpha(alpha: NDArray[np.generic]) -> Matte:
    """Read the (height, width) alpha channel of a photograph, whose colours are no matte.

    Raises:
        ValueError: If it is opaque everywhere.
    """
    matte = _as_bytes(alpha, labels=False).alpha
    if matte.min(initial=255) == 255:
        raise ValueError("the picture's alpha is opaque everywhere: it is no matte; give mattes with --masks")
    return Matte(matte, _ALPHA_NOTE)


def matte_of_pixels(pixels: NDArray[np.generic], *, labels: bool = True) -> Matte:
    """Read pixels as OpenCV decodes them unchanged.

    Args:
        pixels: (height, width) grey, (height, width, 3) BGR or (height, width, 4) BGRA, of any type.
        labels: Whether small values can be labels; in pictures compressed with loss they are noise.

    Raises:
        ValueError: If the pixels are none of those, or not finite.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        alpha = pixels[:, :, 3]
        if alpha.min() != alpha.max():
            return Matte(_as_bytes(alpha, labels=False).alpha, _ALPHA_NOTE)
        pixels = pixels[:, :, :3]
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return _of_color(pixels, labels=labels)
    if pixels.ndim != 2:
        raise ValueError(f"expected 1, 3 or 4 channels, found pixels of shape {pixels.shape}")
    return _as_bytes(pixels, labels=labels)


def _of_color(pixels: NDArray[np.generic], *, labels: bool) -> Matte:
    blue, green, red = (pixels[:, :, channel] for channel in range(3))
    if np.array_equal(blue, green) and np.array_equal(green, red):
        return _as_bytes(blue, labels=labels)
    values = np.dstack([_as_bytes(channel, labels=False).alpha for channel in (blue, green, red)])
    # Red on black is as good a matte as white on black: no channel counts less than another.
    return Matte(values.max(axis=2), "the matte is a colour picture: the brightest of its channels is read")


def _as_bytes(values: NDArray[np.generic], *, labels: bool) -> Matte:
    """Scale one channel to 0 to 255."""
    read = matte_of_gray if labels else Matte
    if values.dtype == np.uint8:
        return read(np.ascontiguousarray(values, dtype=np.uint8))
    if values.dtype == np.uint16:
        if int(values.max()) <= 255:
            narrow = read(values.astype(np.uint8))
            return Matte(narrow.alpha, narrow.note or "the matte is 16-bit, its values are 8-bit: read as 0 to 255")
        return Matte(
            ((values.astype(np.uint32) + 128) // 257).astype(np.uint8), "the matte is 16-bit: read as 0 to 65535"
        )
    if values.dtype.kind != "f":
        raise ValueError(f"expected 8 or 16 bits or floats per channel, found {values.dtype}")
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("its values are not all finite")
    scale = 255.0 if numbers.max() <= 1.0 else 1.0
    note = "the matte holds floats from 0 to 1" if scale > 1.0 else "the matte holds floats: read as 0 to 255"
    return Matte(np.rint(np.clip(numbers * scale, 0.0, 255.0)).astype(np.uint8), note)


def _object(values: NDArray[np.generic]) -> AlphaImage:
    return np.where(values != 0, np.uint8(255), np.uint8(0))
