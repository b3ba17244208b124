"""Headers, held against what Pillow wrote; and files that are built to take memory or time."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderkit.errors import DatasetError
from renderkit.images.encoded import EncodedImage
from renderkit.images.header import MAX_CHUNKS, MAX_SCANS, encoded_size, read_header

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 52, 3)).astype(np.uint8))


def saved(suffix: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    PICTURE.save(stream, suffix, **options)
    return stream.getvalue()


def tag(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = value
    return exif


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {}), ("WEBP", {"lossless": True}),
    ],
)  # fmt: skip
def test_size_of_every_format(suffix: str, options: dict[str, Any]) -> None:
    data = saved(suffix, **options)
    header = read_header(data)
    assert (header.format, header.size, header.orientation) == (suffix.lower(), (52, 30), 1)
    assert EncodedImage(lambda: data, Path("p")).decode_color().shape == (30, 52, 3)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("suffix", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_orientation_of_every_format(suffix: str, value: int) -> None:
    data = saved(suffix, exif=tag(value))
    header = read_header(data)
    assert header.orientation == value
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.getexif()[274] == value
    assert header.size_as_shown == ((30, 52) if value >= 5 else (52, 30))
    pixels = EncodedImage(lambda: data, Path("p")).decode_color().astype(int)
    assert pixels.shape == (30, 52, 3)
    if suffix in {"PNG", "TIFF"}:  # without loss
        assert np.array_equal(pixels, np.asarray(PICTURE))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientations_that_do_not_exist_are_none(value: int) -> None:
    assert read_header(saved("JPEG", exif=tag(value))).orientation == 1


def test_a_damaged_tag_is_no_reason_to_fail() -> None:
    data = saved("JPEG", exif=tag(6))
    at = data.index(b"Exif") + 6
    assert read_header(data[: at + 4] + b"\xff\xff\xff\x7f" + data[at + 8 :]).orientation == 1


@pytest.mark.parametrize("suffix", ["GIF", "BMP", "PPM", "TGA"])
def test_other_formats_are_refused_undecoded(suffix: str) -> None:
    with pytest.raises(DatasetError, match="expected PNG, JPEG, TIFF or WebP"):
        EncodedImage(lambda: saved(suffix), Path("p")).decode_color()


def test_hdr_is_refused() -> None:
    with pytest.raises(DatasetError, match="expected PNG, JPEG, TIFF or WebP"):
        EncodedImage(lambda: b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 60000 +X 60000\n", Path("p")).decode_color()


def test_bytes_before_the_size_do_not_hide_it() -> None:
    plain = saved("JPEG")
    huge = struct.pack(">HH", 60000, 60000)
    at = next(i for i in range(len(plain)) if plain[i : i + 2] == b"\xff\xc0")
    claimed = plain[:2] + b"\0garbage\0" + plain[2 : at + 5] + huge + plain[at + 9 :]
    with pytest.raises(DatasetError, match="60000 x 60000"):
        EncodedImage(lambda: claimed, Path("p")).decode_gray()


def test_a_tiff_that_claims_to_be_huge_is_refused() -> None:
    fields = struct.pack("<HHII", 256, 4, 1, 60000) + struct.pack("<HHII", 257, 4, 1, 60000)
    bomb = b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + fields + b"\0\0\0\0"
    with pytest.raises(DatasetError, match="60000 x 60000"):
        EncodedImage(lambda: bomb, Path("p")).decode_gray()
    tiled = struct.pack("<HHII", 322, 4, 1, 60000) + struct.pack("<HHII", 323, 4, 1, 60000)
    small = fields.replace(struct.pack("<I", 60000), struct.pack("<I", 16))
    with pytest.raises(ValueError, match="tiles"):
        read_header(b"II*\0\x08\0\0\0" + struct.pack("<H", 4) + small + tiled + b"\0\0\0\0")


def test_many_scans_are_refused() -> None:
    data = saved("JPEG", progressive=True)
    scan = data[data.index(b"\xff\xda") : data.rindex(b"\xff\xd9")]
    bomb = data[:-2] + scan * (MAX_SCANS + 1) + b"\xff\xd9"
    with pytest.raises(DatasetError, match=f"expected at most {MAX_SCANS}"):
        EncodedImage(lambda: bomb, Path("p")).decode_gray()


def test_every_truncation_is_a_clear_refusal() -> None:
    for suffix in ("PNG", "JPEG", "TIFF", "WEBP"):
        data = saved(suffix, exif=tag(6))
        for end in range(min(len(data), 400)):
            assert encoded_size(data[:end]) in {None, (52, 30)}


@pytest.mark.parametrize("claimed", [4000, 5000, (1 << 31) - (1 << 16)])
def test_a_chunk_that_claims_more_than_the_file_has_is_refused(claimed: int) -> None:
    """OpenCV would take 2 GiB for the last one."""
    data = saved("PNG")
    at, there = data.index(b"IDAT"), len(data) - data.index(b"IDAT") - 4
    bomb = data[: at - 4] + struct.pack(">I", there + claimed) + data[at:]
    with pytest.raises(DatasetError, match=f"chunk b'IDAT' claims {there + claimed} bytes, {there} are there"):
        EncodedImage(lambda: bomb, Path("p")).decode_color()


def test_a_png_that_is_cut_off_is_refused() -> None:
    with pytest.raises(DatasetError, match="cut off"):
        EncodedImage(lambda: saved("PNG")[:-100], Path("p")).decode_color()


def test_a_png_of_too_many_chunks_is_refused() -> None:
    data = saved("PNG")
    at = data.index(b"IDAT") - 4
    empty = struct.pack(">I4sI", 0, b"tEXt", zlib.crc32(b"tEXt"))
    many = data[:at] + empty * (MAX_CHUNKS + 1) + data[at:]
    with pytest.raises(DatasetError, match=f"more than {MAX_CHUNKS} chunks"):
        EncodedImage(lambda: many, Path("p")).decode_color()
    few = data[:at] + empty * 100 + data[at:]
    assert np.array_equal(EncodedImage(lambda: few, Path("p")).decode_color(), np.asarray(PICTURE))
