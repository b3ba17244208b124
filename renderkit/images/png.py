"""Greyscale PNGs, fast: a capture's mattes are decoded more often than anything else. And palettes with their indices.

Covers 8-bit greyscale without interlacing or transparency, which is what mattes are, and palettes without interlacing,
whose indices OpenCV does not give. Everything else is left to OpenCV. Checksums are verified, and no more memory is
taken than the header's picture needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage
from renderkit.buffer_pool import BufferPool
from renderkit.images.mask_bits import WORD, MaskBits, words_for
from renderkit.images.reduced import mean_of_squares

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MAX_DEFLATE_RATIO = 1032
"""No deflate stream can grow by more than this."""


def decode_gray_png(data: bytes, buffers: BufferPool | None = None) -> AlphaImage | None:
    """Decode an 8-bit greyscale PNG.

    Args:
        data: The file's bytes. The caller has checked that the size in the header is acceptable.
        buffers: Where the picture's memory comes from; fresh memory when None.

    Returns:
        (height, width) pixels, or None when it is some other kind of picture.

    Raises:
        ValueError: If the file is cut off, a checksum is wrong, or the pixels are not what the header says.
    """
    rows = read_gray_rows(data)
    if rows is None:
        return None
    return rows.reduced(1, buffers)


@dataclass(frozen=True, eq=False)
class GrayRows:
    """An 8-bit greyscale picture's rows before their filters are undone; see `read_gray_rows`."""

    raw: bytearray
    width: int
    height: int

    def threshold(self, least: int) -> tuple[MaskBits, int]:
        """Return where values are at least `least`, 1 to 255, and the greatest value.

        Raises:
            ValueError: If a row's filter does not exist.
        """
        from renderkit.images.unfilter import threshold_rows  # noqa: PLC0415 - loads a compiler

        words = np.empty((self.height, words_for(self.width)), np.uint64)
        lines, found = np.empty((2, self.width), np.uint8), np.zeros(WORD * words.shape[1], np.uint8)
        bad, top = threshold_rows(np.frombuffer(self.raw, np.uint8), least, lines, found, found.view("<u8"), words)
        _check_filters(bad)
        return MaskBits(words, self.width), top

    def reduced(self, step: int, buffers: BufferPool | None = None) -> AlphaImage:
        """Return the means of squares with an edge of `step` px; see `reduced.mean_of_squares`.

        Args:
            step: Edge of the squares, px.
            buffers: Where the result's memory comes from; fresh memory when None.

        Raises:
            ValueError: If a row's filter does not exist.
        """
        from renderkit.images.unfilter import reduce_rows  # noqa: PLC0415 - loads a compiler

        if step == 1 or min(self.width, self.height) < step:
            pixels = _empty((self.height, self.width), buffers)
            _unfilter(self.raw, pixels)
            return mean_of_squares(pixels, step)
        small = _empty((self.height // step, self.width // step), buffers)
        lines, sums = np.empty((2, self.width), np.uint8), np.empty(self.width, np.uint32)
        _check_filters(reduce_rows(np.frombuffer(self.raw, np.uint8), lines, step, sums, small))
        return small


def read_gray_rows(data: bytes) -> GrayRows | None:
    """Read the rows of an 8-bit greyscale PNG.

    Args:
        data: The file's bytes; see `decode_gray_png`.

    Returns:
        The rows, or None when it is some other kind of picture.

    Raises:
        ValueError: If the file is cut off, a checksum is wrong, or the rows are not what the header says.
    """
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:8] != SIGNATURE or data[12:16] != b"IHDR" or data[24:29] != b"\x08\x00\x00\x00\x00":
        return None
    if width == 0 or height == 0:
        raise ValueError(f"the header says {width} x {height} px")
    parts = []
    for kind, body in _chunks(data):
        if kind in {b"tRNS", b"acTL"}:
            return None
        if kind == b"IDAT":
            parts.append(body)
    raw = _inflate(b"".join(parts), height * (width + 1))
    return GrayRows(raw, width, height)


@dataclass(frozen=True, eq=False)
class PalettePng:
    """A picture with a palette.

    Attributes:
        indices: (height, width) entries of the palette.
        colors: (256, 3) RGB of each entry; black where the file has fewer.
        alpha: (256,) alpha of each entry.
    """

    indices: AlphaImage
    colors: NDArray[np.uint8]
    alpha: NDArray[np.uint8]


def decode_palette_png(data: bytes) -> PalettePng | None:
    """Decode a PNG with a palette to its indices.

    Args:
        data: The file's bytes. The caller has checked that the size in the header is acceptable.

    Returns:
        The picture, or None when it has no palette, or is interlaced.

    Raises:
        ValueError: If the file is cut off, a checksum is wrong, or the pixels are not what the header says.
    """
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:8] != SIGNATURE or data[12:16] != b"IHDR" or data[25:29] != b"\x03\x00\x00\x00":
        return None
    depth = data[24]
    if depth not in {1, 2, 4, 8} or width == 0 or height == 0:
        raise ValueError(f"the header says {width} x {height} px of {depth} bits")
    colors, alpha, parts = np.zeros((256, 3), np.uint8), np.full(256, 255, np.uint8), []
    for kind, body in _chunks(data):
        if kind == b"PLTE":
            entries = np.frombuffer(body[: len(body) // 3 * 3], np.uint8).reshape(-1, 3)[:256]
            colors[: len(entries)] = entries
        elif kind == b"tRNS":
            alpha[: len(body)] = np.frombuffer(body[:256], np.uint8)
        elif kind == b"IDAT":
            parts.append(body)
    stride = -(-width * depth // 8)
    rows = np.empty((height, stride), np.uint8)
    _unfilter(_inflate(b"".join(parts), height * (stride + 1)), rows)
    return PalettePng(_unpacked(rows, width, depth), colors, alpha)


def _unpacked(rows: AlphaImage, width: int, depth: int) -> AlphaImage:
    """Return (height, width) values of `depth` bits that are packed into the bytes of (height, stride) rows."""
    if depth == 8:
        return rows
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    values = rows[:, :, None] >> shifts & np.uint8((1 << depth) - 1)
    return np.ascontiguousarray(values.reshape(len(rows), -1)[:, :width])


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the type and body of each chunk up to the end chunk, with verified checksums."""
    import deflate  # noqa: PLC0415 - importing renderkit stays cheap

    view = memoryview(data)
    position = len(SIGNATURE)
    while position + 12 <= len(data):
        length = int.from_bytes(view[position : position + 4], "big")
        end = position + 8 + length
        if end + 4 > len(data):
            break
        kind = bytes(view[position + 4 : position + 8])
        if deflate.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise ValueError(f"the checksum of the chunk {kind!r} at byte {position} is wrong")
        if kind == b"IEND":
            return
        yield kind, view[position + 8 : end]
        position = end + 4
    raise ValueError(f"the file is cut off after {len(data)} bytes: its end chunk is missing")


def _inflate(compressed: bytes, size: int) -> bytearray:
    import deflate  # noqa: PLC0415 - importing renderkit stays cheap

    if size > _MAX_DEFLATE_RATIO * len(compressed) + 64:
        raise ValueError(f"{len(compressed)} bytes of pixel data cannot hold the header's picture")
    try:
        raw: bytearray = deflate.zlib_decompress(compressed, size)
    except deflate.DeflateError as error:
        raise ValueError(f"the pixel data is corrupt or does not fit the header: {error}") from error
    if len(raw) != size:
        raise ValueError(f"expected {size} bytes of rows by the header, found {len(raw)}")
    return raw


def _empty(shape: tuple[int, int], buffers: BufferPool | None) -> AlphaImage:
    return np.empty(shape, np.uint8) if buffers is None else buffers.empty(shape, np.uint8)


def _unfilter(raw: bytearray, pixels: AlphaImage) -> None:
    from renderkit.images.unfilter import unfilter_rows  # noqa: PLC0415 - loads a compiler

    _check_filters(unfilter_rows(np.frombuffer(raw, np.uint8), pixels))


def _check_filters(bad: int) -> None:
    if bad >= 0:
        raise ValueError(f"row {bad} has a filter type that does not exist")
