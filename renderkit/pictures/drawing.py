"""Colours, text and picture files for everything that is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import ColorImage
from renderkit.errors import DatasetError
from renderkit.images.palette import Rgb
from renderkit.results.text import printable
from renderkit.writing import write_bytes

if TYPE_CHECKING:
    from PIL import ImageFont

JPEG_QUALITY = 90


@lru_cache(maxsize=16)
def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's built-in font: the same on every machine."""
    from PIL import ImageFont  # noqa: PLC0415 - only pictures need it

    return ImageFont.load_default(size_px)


def text_width(text: str, size_px: int) -> int:
    """Return the width of a line of text in px."""
    return int(np.ceil(font(size_px).getlength(text)))


def draw_texts(image: ColorImage, texts: Sequence[tuple[str, tuple[int, int], int, Rgb]]) -> ColorImage:
    """Return the picture with lines of text.

    Args:
        image: (height, width, 3) RGB.
        texts: Per line: the text, (x, y) of its left end at mid-height, its size in px, its colour.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - only pictures need it

    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    for text, position, size_px, color in texts:
        pen.text(position, printable(text), fill=color, font=font(size_px), anchor="lm")
    return np.array(canvas, dtype=np.uint8)


def blend(image: ColorImage, color: Rgb | ColorImage, coverage: NDArray[np.float32]) -> None:
    """Paint over (height, width, 3) `image` in place, as far as (height, width) `coverage` in [0, 1] says."""
    rows, columns = np.nonzero(coverage)
    if not rows.size:
        return
    weight = coverage[rows, columns, None]
    paint = np.asarray(color)[rows, columns] if isinstance(color, np.ndarray) else np.asarray(color, dtype=np.float32)
    mixed = image[rows, columns] * (1.0 - weight) + paint * weight
    image[rows, columns] = np.rint(mixed).astype(np.uint8)


def resized(image: ColorImage, size: tuple[int, int]) -> ColorImage:
    """Return the picture at `size` = (width, height)."""
    if (image.shape[1], image.shape[0]) == size:
        return image
    shrinks = size[0] < image.shape[1]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC), np.uint8)


def fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return (width, height) of `size` scaled down so that its longer side is at most `longest`."""
    ratio = min(1.0, longest / max(size))
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def write_picture(image: ColorImage, path: Path) -> None:
    """Write a JPEG or PNG, as the file's suffix says.

    Raises:
        DatasetError: If it cannot be written.
    """
    # Thin coloured lines need their colour at full resolution.
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
    options.append(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    done, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options if _is_jpeg(path) else [])
    if not done:
        raise DatasetError(path, None, "the picture cannot be encoded")
    write_bytes(path, data.data)


def _is_jpeg(path: Path) -> bool:
    return path.suffix.lower() in {".jpg", ".jpeg"}
