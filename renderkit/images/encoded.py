"""Encoded pictures: bytes on disk or in a container, decoded when needed, bounded before memory is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from renderkit.arrays import AlphaImage, ColorImage
from renderkit.buffer_pool import BufferPool
from renderkit.errors import DatasetError
from renderkit.images.png import decode_gray_png
from renderkit.untrusted.files import read_bytes

MAX_ENCODED_BYTES = 512 << 20
"""Encoded pictures above this size are refused."""

MAX_PIXELS = 1 << 28
"""Pictures of more pixels (268 million) are refused before they are decoded."""


@dataclass(frozen=True)
class EncodedImage:
    """A JPEG or PNG that has not been decoded yet.

    Attributes:
        read_bytes: Returns the encoded bytes; may raise DatasetError.
        path: The file they come from.
        key: The entry inside that file, or None.
    """

    read_bytes: Callable[[], bytes]
    path: Path
    key: str | None = None

    @classmethod
    def from_file(cls, path: str | Path) -> EncodedImage:
        """Refer to a picture file; nothing is read yet."""
        file = Path(path)
        return cls(lambda: read_bytes(file, MAX_ENCODED_BYTES), file)

    @classmethod
    def from_array(cls, pixels: ColorImage | AlphaImage, path: Path, key: str | None = None) -> EncodedImage:
        """Refer to a picture in memory; it becomes a PNG, without loss, each time its bytes are read.

        Args:
            pixels: (height, width, 3) RGB or (height, width) grey, uint8.
            path: Where it is said to come from, for errors.
            key: The entry there.
        """

        def encode() -> bytes:
            ordered = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, ::-1])
            _, data = cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            return data.tobytes()

        return cls(encode, path, key)

    def decode_color(self) -> ColorImage:
        """Return the picture as (height, width, 3) RGB.

        Raises:
            DatasetError: If the bytes are missing, corrupt or too large.
        """
        pixels: ColorImage = self._decode(self._read_checked(), cv2.IMREAD_COLOR_RGB)
        return pixels

    def decode_gray(self, buffers: BufferPool | None = None) -> AlphaImage:
        """Return the picture as (height, width) 8-bit grey; a matte keeps its alpha values.

        Args:
            buffers: Where a PNG's memory comes from; fresh memory when None.

        Raises:
            DatasetError: If the bytes are missing, corrupt or too large.
        """
        data = self._read_checked()
        try:
            fast = decode_gray_png(data, buffers)
        except ValueError as error:
            raise DatasetError(self.path, self.key, f"the picture cannot be decoded: {error}") from error
        return fast if fast is not None else self._decode(data, cv2.IMREAD_GRAYSCALE)

    def fetched(self) -> EncodedImage:
        """Return the picture with its bytes in memory; one that cannot be read says so when it is decoded."""
        try:
            data = self.read_bytes()
        except DatasetError:
            return self
        return replace(self, read_bytes=lambda: data)

    def read_size(self) -> tuple[int, int]:
        """Return (width, height) in px as the header says; pictures other than JPEG and PNG are decoded for it.

        Raises:
            DatasetError: If the bytes are missing or too large, or nothing tells the size.
        """
        data = self._read_checked()
        size = encoded_size(data)
        if size is not None:
            return size
        pixels = self._decode(data, cv2.IMREAD_GRAYSCALE)
        return pixels.shape[1], pixels.shape[0]

    def _read_checked(self) -> bytes:
        data = self.read_bytes()
        if not data:
            raise DatasetError(self.path, self.key, "the picture has no bytes")
        self._check_size(data)
        return data

    def _decode(self, data: bytes, flag: int) -> AlphaImage:
        # EXIF rotation would turn the pixels away from the calibration.
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error as error:
            raise DatasetError(self.path, self.key, f"the picture cannot be decoded: {error}") from error
        if pixels is None:
            raise DatasetError(
                self.path, self.key, f"the picture cannot be decoded ({len(data)} bytes, first {data[:8]!r})"
            )
        return np.asarray(pixels, dtype=np.uint8)

    def _check_size(self, data: bytes) -> None:
        if len(data) > MAX_ENCODED_BYTES:
            raise DatasetError(self.path, self.key, f"picture of {len(data)} bytes is over {MAX_ENCODED_BYTES}")
        size = encoded_size(data)
        if size is not None and size[0] * size[1] > MAX_PIXELS:
            raise DatasetError(self.path, self.key, f"picture of {size[0]} x {size[1]} px is over {MAX_PIXELS} px")


def encoded_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in px from a PNG's or JPEG's header, without decoding; None for other formats."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:2] != b"\xff\xd8":
        return None
    position = 2
    while position + 9 < len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = data[position + 5 : position + 7], data[position + 7 : position + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        if marker == 0xFF:
            position += 1
            continue
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
