from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.images.encoded import EncodedImage
from renderkit.images.header import encoded_size


def encoded(data: bytes) -> EncodedImage:
    return EncodedImage(lambda: data, Path("a.smc"), "Camera/00/color/0")


def encode(suffix: str, pixels: np.ndarray) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def test_colour_comes_as_rgb() -> None:
    blue_in_bgr = np.zeros((4, 6, 3), np.uint8)
    blue_in_bgr[..., 0] = 255
    pixels = encoded(encode(".png", blue_in_bgr)).decode_color()
    assert pixels.shape == (4, 6, 3)
    assert pixels[0, 0].tolist() == [0, 0, 255]


def test_grey_keeps_alpha_values() -> None:
    matte = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(encoded(encode(".png", matte)).decode_gray(), matte)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_sizes_are_read_from_the_header(suffix: str) -> None:
    assert encoded_size(encode(suffix, np.zeros((7, 11, 3), np.uint8))) == (11, 7)
    assert encoded_size(b"GIF89a") is None
    assert encoded_size(b"") is None
    assert encoded_size(b"\xff\xd8\xff") is None


def test_exif_rotation_does_not_turn_the_pixels() -> None:
    jpeg = encode(".jpg", np.zeros((8, 16, 3), np.uint8))
    exif = (
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
    )
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    assert encoded(turned).decode_color().shape == (8, 16, 3)
    assert encoded_size(turned) == (16, 8)


@pytest.mark.parametrize("data", [b"", b"not a picture", encode(".png", np.zeros((9, 9), np.uint8))[:30]])
def test_corrupt_bytes_are_a_clear_error(data: bytes) -> None:
    with pytest.raises(DatasetError, match=r"a\.smc \[Camera/00/color/0\]: the picture"):
        encoded(data).decode_color()


def test_a_header_that_claims_a_huge_picture_is_refused_before_decoding() -> None:
    body = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    bomb = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    with pytest.raises(DatasetError, match="60000 x 60000"):
        encoded(bomb).decode_gray()


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(".png", np.zeros((3, 5), np.uint8)))
    assert EncodedImage.from_file(path).decode_gray().shape == (3, 5)
    with pytest.raises(DatasetError, match="cannot be read"):
        EncodedImage.from_file(tmp_path / "absent.png").decode_gray()
