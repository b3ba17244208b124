"""Colours, text and picture files for everything that is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, ColorImage, frozen
from renderkit.errors import DatasetError
from renderkit.images.palette import Rgb
from renderkit.images.shrink import shrink
from renderkit.wording import printable
from renderkit.writing import write_bytes

if TYPE_CHECKING:
    from PIL import ImageFont

JPEG_QUALITY, WEBP_QUALITY = 90, 90
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_JPEG = frozenset({".jpg", ".jpeg"})


@lru_cache(maxsize=16)
def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's built-in font: the same on every machine."""
    from PIL import ImageFont  # noqa: PLC0415 - only pictures need it

    return ImageFont.load_default(size_px)


@lru_cache(maxsize=1024)
def text_width(text: str, size_px: int) -> int:
    """Return the width of a line of text in px."""
    return int(np.ceil(font(size_px).getlength(text)))


def plain(size: tuple[int, int], color: Rgb) -> ColorImage:
    """Return a picture of `size` = (width, height) in one colour."""
    width, height = size
    picture = np.empty((height, width, 3), np.uint8)
    # Row by row: NumPy copies three bytes at a time as slowly as three thousand.
    picture[:] = np.tile(np.array(color, np.uint8), (width, 1))
    return picture


def draw_texts(image: ColorImage, texts: Sequence[tuple[str, tuple[int, int], int, Rgb]]) -> ColorImage:
    """Return the picture with lines of text.

    Args:
        image: (height, width, 3) RGB.
        texts: Per line: the text, (x, y) of its left end at mid-height, its size in px, its colour.
    """
    picture = np.array(image)
    for text, place, size_px, color in texts:
        share, corner = _drawn_text(printable(text), size_px)
        x, y = place[0] + corner[0], place[1] + corner[1]
        shown = picture[max(y, 0) : max(y + share.shape[0], 0), max(x, 0) : max(x + share.shape[1], 0)]
        cover = share[max(-y, 0) :, max(-x, 0) :][: shown.shape[0], : shown.shape[1], None].astype(np.uint16)
        mixed = shown * (255 - cover) + cover * np.array(color, np.uint16) + np.uint16(128)
        shown[:] = (mixed + (mixed >> 8)) >> 8  # a division by 255 that rounds
    return picture


@lru_cache(maxsize=256)
def _drawn_text(text: str, size_px: int) -> tuple[AlphaImage, tuple[int, int]]:
    """Return how much of each pixel a line of text covers, and where its corner lies from the left end at mid-height.

    The captions of a run share most of their texts.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - only pictures need it

    left, top, right, bottom = map(int, font(size_px).getbbox(text, anchor="lm"))
    image = Image.new("L", (max(right - left, 0), max(bottom - top, 0)))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font(size_px), anchor="lm")
    return frozen(np.asarray(image, np.uint8)), (left, top)


def wrapped(text: str, size_px: int, width: int) -> list[str]:
    """Return a text as lines that fit into `width` px, broken at spaces; a word that is wider is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size_px) <= width:
            lines[-1] = longer
        else:
            lines.append(shortened(word, size_px, width))
    return lines


def shortened(text: str, size_px: int, width: int) -> str:
    """Return a line of text cut to what fits into `width` px."""
    if text_width(text, size_px) <= width:
        return text
    # Longer than anything that fits, and measured quickly.
    text = text[: max(1, width // 2)]
    while text and text_width(f"{text}...", size_px) > width:
        text = text[:-1]
    return f"{text}..."


def resized(image: ColorImage, size: tuple[int, int]) -> ColorImage:
    """Return the picture at `size` = (width, height)."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    if size[0] <= image.shape[1] and size[1] <= image.shape[0]:
        return shrink(image, size)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return (width, height) of `size` scaled down so that its longer side is at most `longest`."""
    ratio = min(1.0, longest / max(size))
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def write_picture(image: ColorImage, path: Path, *, durable: bool = True) -> None:
    """Write a JPEG, PNG or WebP, as the file's suffix says; see `encode_picture`, and `new_file` for `durable`.

    Raises:
        DatasetError: If it cannot be written.
    """
    write_bytes(path, encode_picture(image, path), durable=durable)


def encode_picture(image: ColorImage, path: Path) -> memoryview:
    """Return the bytes of a picture in the format of a file's name.

    Args:
        image: (height, width, 3) RGB, or (height, width, 4) RGBA, which a JPEG cannot hold.
        path: The file, for its suffix and for errors.

    Raises:
        DatasetError: If the format is none of the three, or cannot hold the picture.
    """
    suffix = path.suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        raise DatasetError(path, None, f"expected a name that ends in {', '.join(PICTURE_SUFFIXES)}")
    if image.shape[2] == 4 and suffix in _JPEG:
        raise DatasetError(path, None, "a JPEG cannot be transparent: choose .png or .webp")
    code = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, code), _options(suffix))
    if not done:
        raise DatasetError(path, None, "the picture cannot be encoded")
    return data.data


def _options(suffix: str) -> list[int]:
    if suffix == ".webp":
        return [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY]
    if suffix in _JPEG:
        # Thin coloured lines need their colour at full resolution.
        sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        return [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, *sampling]
    return [cv2.IMWRITE_PNG_COMPRESSION, 3]
