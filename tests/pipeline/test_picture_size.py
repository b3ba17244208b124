"""What is said of pictures and mattes that have not the calibration's size, or may be turned."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.images.encoded import EncodedImage
from renderkit.images.header import PictureHeader
from renderkit.pipeline.picture_size import check_matte_size, check_picture_size, orientation_notes

WIDE = Camera(np.diag([90.0, 90.0, 1.0]), 64, 48, name="7")
TALL = Camera(np.diag([90.0, 90.0, 1.0]), 48, 64, name="7")


def photo(orientation: int) -> EncodedImage:
    """A stored picture of 64 x 48 px with the tag."""
    exif, stream = Image.Exif(), io.BytesIO()
    exif[274] = orientation
    Image.new("RGB", (64, 48)).save(stream, "JPEG", exif=exif)
    return EncodedImage(stream.getvalue, Path("p.jpg"))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_calibration_of_the_turned_picture(orientation: int) -> None:
    picture = photo(orientation)
    why = rf"64 x 48 px, the calibration of its camera 48 x 64 px; .*orientation is {orientation} .*show 48 x 64"
    with pytest.raises(DatasetError, match=why) as error:
        check_picture_size(picture, picture.read_header(), TALL)
    assert "do not scale" in str(error.value)
    assert "(Camera.scaled)" not in str(error.value)
    check_picture_size(picture, picture.read_header(), WIDE)


@pytest.mark.parametrize("orientation", [1, 3])
def test_other_swapped_sizes_are_not_laid_on_the_tag(orientation: int) -> None:
    picture = photo(orientation)
    with pytest.raises(DatasetError, match="width and height are swapped"):
        check_picture_size(picture, picture.read_header(), TALL)


def test_mattes_of_the_turned_picture() -> None:
    matte = EncodedImage.from_array(np.zeros((64, 48), np.uint8), Path("m.png"))
    header = matte.read_header()
    with pytest.raises(DatasetError, match=r"turned by 90 degrees against the stored picture.*orientation is 6"):
        check_matte_size(matte, header, WIDE, photo(6).read_header())
    for other in (None, photo(1).read_header()):
        with pytest.raises(DatasetError, match="width and height are swapped"):
            check_matte_size(matte, header, WIDE, other)
    small = PictureHeader("png", (32, 24))
    with pytest.raises(DatasetError, match=r"the matte has 32 x 24 px, the calibration of its camera 64 x 48 px"):
        check_matte_size(matte, small, WIDE, None)
    own = PictureHeader("jpeg", (48, 64), 8)
    with pytest.raises(DatasetError, match="matte's own EXIF orientation is 8"):
        check_matte_size(matte, own, WIDE, None)


@pytest.mark.parametrize(("orientation", "said"), [(1, False), (2, True), (3, True), (4, True), (6, False)])
def test_orientations_that_leave_the_size_are_said(orientation: int, said: bool) -> None:
    notes = orientation_notes(photo(orientation).read_header())
    assert bool(notes) == said
    assert all(f"orientation is {orientation}" in note for note in notes)


def test_a_matte_that_programs_show_turned_is_said() -> None:
    (note,) = orientation_notes(photo(3).read_header(), "matte")
    assert note.startswith("the matte's EXIF orientation is 3")
    assert "calibration or picture" in note


def test_a_square_picture_that_is_turned_is_said() -> None:
    assert orientation_notes(PictureHeader("jpeg", (48, 48), 6))
