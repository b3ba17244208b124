"""Encoded pictures: bytes on disk or in a container, decoded when needed, bounded before memory is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, ColorImage
from renderkit.buffer_pool import BufferPool
from renderkit.computed_once import computed_once
from renderkit.errors import DatasetError
from renderkit.images.header import PictureHeader, check_chunks, read_header
from renderkit.images.mask_bits import MaskBits
from renderkit.images.matte import (
    Matte,
    inside_matte,
    label_note,
    least_inside,
    matte_of_alpha,
    matte_of_gray,
    matte_of_palette,
    matte_of_pixels,
)
from renderkit.images.png import decode_gray_png, decode_palette_png, read_gray_rows
from renderkit.images.reduced import REDUCTIONS, Window, choose_reduction, mean_of_squares, resample, squares_for
from renderkit.untrusted.files import read_bytes

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

MAX_ENCODED_BYTES = 512 << 20
"""Encoded pictures above this size are refused."""

_PNG_COLOR_TYPE, _PNG_WITH_ALPHA = 25, (4, 6)
"""The byte of a PNG's header that says what a pixel is, and its values for grey and colours with alpha."""

MAX_PIXELS = 1 << 28
"""Pictures of more pixels (268 million) are refused before they are decoded."""


@dataclass(frozen=True, eq=False)
class InsideMatte:
    """What a matte says at a threshold.

    Attributes:
        bits: Where alpha / 255 reaches the threshold.
        note: `Matte.note`.
        reduced: (h, w) the alpha at a reduced size, each pixel the mean of a square of whole pixels; None where nobody
            asked for it.
    """

    bits: MaskBits
    note: str
    reduced: AlphaImage | None = None


@dataclass(frozen=True)
class EncodedImage:
    """A PNG, JPEG, TIFF or WebP that has not been decoded yet; other formats are refused.

    Attributes:
        read_bytes: Returns the encoded bytes; may raise DatasetError.
        path: The file they come from.
        key: The entry inside that file, or None.
        is_lossy: Whether the pixels were compressed with loss before, as a video's are: small values are then noise.
        is_photograph: Whether it is the photograph itself: where it has alpha, its colours are no matte.
    """

    read_bytes: Callable[[], bytes]
    path: Path
    key: str | None = None
    is_lossy: bool = False
    is_photograph: bool = False

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
        pixels: ColorImage = np.asarray(self._decode(*self._read_checked(), cv2.IMREAD_COLOR_RGB), dtype=np.uint8)
        return pixels

    def decode_color_at(self, size: tuple[int, int], window: Window | None = None) -> ColorImage:
        """Return the picture, or a window of it, at another size; a JPEG is decoded as small as that allows.

        Args:
            size: (width, height) of the result.
            window: The part to show, inside the picture; all of it when None.

        Returns:
            (height, width, 3) RGB; see `images.reduced` for where its pixels are.

        Raises:
            DatasetError: If the bytes are missing, corrupt or too large.
        """
        data, header = self._read_checked()
        part = window or (0, 0, *header.size)
        reduced_by = choose_reduction(part, size) if header.format == "jpeg" else 1
        flag = cv2.IMREAD_COLOR_RGB
        if reduced_by > 1:
            flag |= REDUCTIONS[reduced_by] & ~cv2.IMREAD_COLOR_BGR
        return np.asarray(resample(self._decode(data, header, flag), reduced_by, part, size), dtype=np.uint8)

    def decode_gray(self, buffers: BufferPool | None = None) -> AlphaImage:
        """Return the picture as (height, width) 8-bit grey, as its values are; `decode_matte` says what they mean.

        Args:
            buffers: Where a PNG's memory comes from; fresh memory when None.

        Raises:
            DatasetError: If the bytes are missing, corrupt or too large.
        """
        data, header = self._read_checked()
        fast = self._refusing(decode_gray_png, data, buffers)
        return fast if fast is not None else self._decode(data, header, cv2.IMREAD_GRAYSCALE)

    def decode_matte(self, buffers: BufferPool | None = None) -> Matte:
        """Return the picture as a matte, read by what it holds; see `matte`.

        Args:
            buffers: Where a PNG's memory comes from; fresh memory when None.

        Raises:
            DatasetError: If the bytes are missing, corrupt or too large, or the pixels cannot be a matte.
        """
        alpha = self._alpha() if self.is_photograph else None
        if alpha is not None:
            return self._refusing(matte_of_alpha, alpha)
        data, header = self._read_checked()
        if header.format == "png" and not self.is_lossy:
            gray = self._refusing(decode_gray_png, data, buffers)
            if gray is not None:
                return matte_of_gray(gray)
            palette = self._refusing(decode_palette_png, data)
            if palette is not None:
                return matte_of_palette(palette)
        # A JPEG decoded unchanged loses what libjpeg knows of its colours: CMYK comes out right as BGR alone.
        flag = cv2.IMREAD_COLOR if header.format == "jpeg" else cv2.IMREAD_UNCHANGED
        exact = header.format in {"png", "tiff"} and not self.is_lossy
        return self._refusing(matte_of_pixels, self._decode(data, header, flag), labels=exact)

    def decode_inside(
        self, threshold: float, buffers: BufferPool | None = None, *, reduced_to: int | None = None
    ) -> InsideMatte:
        """Return where the matte reaches a threshold, and how it was read; without the matte itself where that can be.

        Args:
            threshold: Share of full alpha, in (0, 1].
            buffers: Where a PNG's memory comes from; fresh memory when None.
            reduced_to: Longest side, px, of the reduced matte; None makes none.

        Raises:
            DatasetError: If the bytes are missing, corrupt or too large, or the pixels cannot be a matte.
        """
        data, header = self._read_checked()
        step = None if reduced_to is None else squares_for(header.size, reduced_to)
        if header.format == "png" and not self.is_lossy and not self.is_photograph:
            rows = self._refusing(read_gray_rows, data)
            bits, top = (None, 0) if rows is None else self._refusing(rows.threshold, least_inside(threshold))
            if rows is not None and bits is not None and not label_note(top):
                return InsideMatte(bits, "", None if step is None else self._refusing(rows.reduced, step, buffers))
        matte = self.decode_matte(buffers)
        bits = MaskBits.pack(inside_matte(matte.alpha, threshold, buffers))
        return InsideMatte(bits, matte.note, None if step is None else mean_of_squares(matte.alpha, step))

    def has_matte(self) -> bool:
        """Whether a photograph carries its matte: an alpha channel that is not the same everywhere.

        Raises:
            DatasetError: If the bytes are missing, corrupt or too large.
        """
        alpha = self._alpha()
        return alpha is not None and bool(alpha.min() != alpha.max())

    def _alpha(self) -> NDArray[Any] | None:
        """Return the (height, width) alpha channel as it is stored; None where there is none."""
        data, header = self._read_checked()
        if header.format == "jpeg" or (header.format == "png" and data[_PNG_COLOR_TYPE] not in _PNG_WITH_ALPHA):
            return None
        pixels = self._decode(data, header, cv2.IMREAD_UNCHANGED)
        return pixels[:, :, 3] if pixels.ndim == 3 and pixels.shape[2] == 4 else None

    def fetched(self) -> EncodedImage:
        """Return the picture with its bytes in memory; one that cannot be read says so when it is decoded."""
        try:
            data = self.read_bytes()
        except DatasetError:
            return self
        return _FetchedImage(lambda: data, self.path, self.key, self.is_lossy, self.is_photograph)

    def read_size(self) -> tuple[int, int]:
        """Return (width, height) in px as the header says.

        Raises:
            DatasetError: As `read_header`.
        """
        return self.read_header().size

    def read_header(self) -> PictureHeader:
        """Return what the header says, without decoding.

        Raises:
            DatasetError: If the bytes are missing or too large, or are no picture of a known format.
        """
        return self._read_checked()[1]

    def _read_checked(self) -> tuple[bytes, PictureHeader]:
        data = self.read_bytes()
        if not data:
            raise DatasetError(self.path, self.key, "the picture has no bytes")
        if len(data) > MAX_ENCODED_BYTES:
            raise DatasetError(self.path, self.key, f"picture of {len(data)} bytes is over {MAX_ENCODED_BYTES}")
        header = self._refusing(read_header, data)
        width, height = header.size
        if width * height > MAX_PIXELS:
            raise DatasetError(self.path, self.key, f"picture of {width} x {height} px is over {MAX_PIXELS} px")
        return data, header

    def _refusing(self, read: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return read(*args, **kwargs)
        except ValueError as error:
            raise DatasetError(self.path, self.key, f"the picture cannot be decoded: {error}") from error

    def _decode(self, data: bytes, header: PictureHeader, flag: int) -> NDArray[Any]:
        if header.format == "png":
            self._refusing(check_chunks, data)
        # EXIF rotation would turn the pixels away from the calibration.
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error as error:
            raise DatasetError(self.path, self.key, f"the picture cannot be decoded: {error}") from error
        if pixels is None:
            raise DatasetError(
                self.path, self.key, f"the picture cannot be decoded ({len(data)} bytes, first {data[:8]!r})"
            )
        # OpenCV turns a TIFF whatever it is asked for.
        return as_stored(pixels, header.orientation) if header.format == "tiff" else pixels


class _FetchedImage(EncodedImage):
    """A picture with its bytes in memory: its header is read once."""

    def fetched(self) -> EncodedImage:
        return self

    def _read_checked(self) -> tuple[bytes, PictureHeader]:
        return self._checked

    @computed_once
    def _checked(self) -> tuple[bytes, PictureHeader]:
        return super()._read_checked()


def as_stored(shown: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo an EXIF orientation: return the pixels as they are stored, from those that a viewer shows."""
    undo: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
        2: lambda pixels: pixels[:, ::-1],
        3: lambda pixels: pixels[::-1, ::-1],
        4: lambda pixels: pixels[::-1],
        5: lambda pixels: pixels.swapaxes(0, 1),
        6: lambda pixels: np.rot90(pixels, 1),
        7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
        8: lambda pixels: np.rot90(pixels, -1),
    }
    return np.ascontiguousarray(undo[orientation](shown)) if orientation in undo else shown
