"""What the first bytes of a picture say: its format, its size and how it is meant to be turned. Nothing is decoded.

PNG, JPEG, TIFF and WebP are known; pictures of other formats are not decoded at all. Sizes are read so that they can be
held against a limit, and against the calibration, before memory is taken. Sources: PNG specification, third edition;
ITU-T T.81 annex B; TIFF 6.0; Exif 2.32 (tag 274); the WebP container specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

PictureFormat: TypeAlias = Literal["png", "jpeg", "tiff", "webp"]

UPRIGHT: Final = 1
"""The EXIF orientation of a picture that is stored as it is shown, and of one without the tag."""

MAX_SCANS: Final = 100
"""Progressive JPEGs of more scans are refused: each scan visits the whole picture. Encoders write about 10."""

MAX_TILE_PIXELS: Final = 1 << 26
"""TIFFs of larger tiles are refused: a decoder takes memory for a whole tile."""

MAX_CHUNKS: Final = 1 << 16
"""PNGs of more chunks are refused: OpenCV writes one for each 8 KiB."""

_PNG, _ORIENTATION = b"\x89PNG\r\n\x1a\n", 274
_MAX_ENTRIES = 4096
_MAX_SEGMENTS = 4096
_NOT_SIZES = frozenset({0xC4, 0xC8, 0xCC})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_FIELD_FORMATS = {1: "B", 3: "H", 4: "I"}

ORIENTATIONS: Final = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "mirrored upside down",
    5: "mirrored and turned by 90 degrees",
    6: "turned by 90 degrees",
    7: "mirrored and turned by 90 degrees",
    8: "turned by 90 degrees",
}
"""What the values of the EXIF orientation mean for a picture that is shown."""


@dataclass(frozen=True)
class PictureHeader:
    """What a picture's header says.

    Attributes:
        format: The file format.
        size: (width, height) in px of the pixels as they are stored.
        orientation: The EXIF orientation, 1 to 8; 1 where there is none. Pixels are never turned by it here.
    """

    format: PictureFormat
    size: tuple[int, int]
    orientation: int = UPRIGHT

    @property
    def size_as_shown(self) -> tuple[int, int]:
        """(width, height) in px as programs that obey the orientation show it."""
        return self.size[::-1] if self.orientation >= 5 else self.size


def read_header(data: bytes) -> PictureHeader:
    """Read a picture's header.

    Args:
        data: The encoded picture; its size and orientation stand near the beginning.

    Raises:
        ValueError: If it is none of the known formats, states no size, or is built to take a decoder's time or memory.
    """
    try:
        header = _read(data)
    except (struct.error, IndexError) as error:
        raise ValueError("its header is cut off") from error
    if header is None:
        raise ValueError(f"expected PNG, JPEG, TIFF or WebP, found {len(data)} bytes that start with {data[:8]!r}")
    if min(header.size) < 1:
        raise ValueError(f"its header says {header.size[0]} x {header.size[1]} px")
    return header


def check_chunks(data: bytes) -> None:
    """Check that the chunks of a whole PNG lie within it: OpenCV takes memory for as much as a chunk claims to hold.

    Raises:
        ValueError: If one claims more bytes than are there, or there are more than `MAX_CHUNKS`.
    """
    for number, (kind, start, length) in enumerate(_png_chunks(data, MAX_CHUNKS + 1)):
        if start + length > len(data):
            there = len(data) - start
            raise ValueError(f"it is cut off or damaged: chunk {kind!r} claims {length} bytes, {there} are there")
        if number == MAX_CHUNKS:
            raise ValueError(f"a PNG of more than {MAX_CHUNKS} chunks")
        if kind == b"IEND":
            return


def is_png_or_jpeg(data: bytes) -> bool:
    """Return whether a picture begins as a PNG or JPEG does: the formats of the textures of meshes."""
    return data[:8] == _PNG or data[:2] == b"\xff\xd8"


def encoded_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in px from the first bytes of a picture; None where they do not say it."""
    try:
        return read_header(data).size
    except ValueError:
        return None


def _read(data: bytes) -> PictureHeader | None:
    if data[:8] == _PNG:
        return _png(data)
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] in {b"II*\0", b"MM\0*"}:
        return _tiff(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _png(data: bytes) -> PictureHeader:
    width, height = struct.unpack_from(">II", data, 16)
    orientation = UPRIGHT
    for kind, start, length in _png_chunks(data):
        if kind == b"eXIf":
            orientation = _orientation(data[start : start + length])
        if kind in {b"IDAT", b"eXIf"}:
            break
    return PictureHeader("png", (width, height), orientation)


def _png_chunks(data: bytes, most: int = _MAX_SEGMENTS) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, start, length) of the chunks."""
    position = len(_PNG)
    for _ in range(most):
        if position + 8 > len(data):
            return
        length = int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], position + 8, length
        position += length + 12


def _jpeg(data: bytes) -> PictureHeader:
    orientation = UPRIGHT
    for marker, start, length in _jpeg_segments(data):
        if marker == 0xE1 and data[start : start + 6] == b"Exif\0\0" and orientation == UPRIGHT:
            orientation = _orientation(data[start + 6 : start + length])
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_SIZES:
            height, width = struct.unpack_from(">HH", data, start + 1)
            scans = data.count(b"\xff\xda") if marker in _PROGRESSIVE else 1
            if scans > MAX_SCANS:
                raise ValueError(f"a progressive JPEG of {scans} scans; expected at most {MAX_SCANS}")
            return PictureHeader("jpeg", (width, height), orientation)
    raise ValueError("a JPEG without a size in its header")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, length) of the segments; bytes between them are skipped, as libjpeg does."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        position = data.find(b"\xff", position)
        while 0 <= position < len(data) - 1 and data[position + 1] == 0xFF:
            position += 1
        if position < 0 or position + 4 > len(data):
            return
        marker = data[position + 1]
        if marker in {0x00, 0x01} or 0xD0 <= marker <= 0xD8:  # stuffing, and markers without a segment
            position += 2
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker in {0xD9, 0xDA}:  # the picture's end, or its pixels
            return
        yield marker, position + 4, max(length - 2, 0)
        position += 2 + max(length, 2)


def _tiff(data: bytes) -> PictureHeader:
    fields = dict(_tiff_fields(data, (256, 257, 322, 323, _ORIENTATION)))
    if 256 not in fields or 257 not in fields:
        raise ValueError("a TIFF without a size in its first directory")
    if fields.get(322, 0) * fields.get(323, 0) > MAX_TILE_PIXELS:
        raise ValueError(f"a TIFF of tiles of {fields[322]} x {fields[323]} px")
    return PictureHeader("tiff", (fields[256], fields[257]), _checked(fields.get(_ORIENTATION, UPRIGHT)))


def _tiff_fields(data: bytes, wanted: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield (tag, value) of the integers of the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for index in range(min(count, _MAX_ENTRIES)):
        position = start + 2 + 12 * index
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, position)
        if tag in wanted and number == 1 and kind in _FIELD_FORMATS:
            yield tag, struct.unpack_from(f"{order}{_FIELD_FORMATS[kind]}", data, position + 8)[0]


def _webp(data: bytes) -> PictureHeader:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return PictureHeader("webp", (width & 0x3FFF, height & 0x3FFF))
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return PictureHeader("webp", ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
    if kind != b"VP8X" or len(data) < 30:
        raise ValueError("a WebP without a size in its header")
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    at = data.find(b"EXIF", 30) if data[20] & 0x08 else -1
    return PictureHeader("webp", (width, height), UPRIGHT if at < 0 else _orientation(data[at + 8 :]))


def _orientation(exif: bytes) -> int:
    """Return the orientation of an EXIF block; 1 where it has none or is damaged: a tag is never a reason to fail."""
    block = exif.removeprefix(b"Exif\0\0")
    if block[:4] not in {b"II*\0", b"MM\0*"}:
        return UPRIGHT
    try:
        return _checked(dict(_tiff_fields(block, (_ORIENTATION,))).get(_ORIENTATION, UPRIGHT))
    except struct.error:
        return UPRIGHT


def _checked(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else UPRIGHT
