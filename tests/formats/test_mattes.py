"""Finding a folder's mattes by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderkit.formats.mattes import find_mattes, near_pattern
from renderkit.formats.patterns import ANY_FRAME
from renderkit.formats.view_names import ViewNames

NAMES = ViewNames(("1", "12"), ("0", "cam2", "03"))


def found(folder: Path, *paths: str, names: ViewNames = NAMES) -> dict[tuple[str, str], str]:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    return {key: path.relative_to(folder).as_posix() for key, path in find_mattes(folder, names).files.items()}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("0.png", (ANY_FRAME, "0")), ("0.JPG", (ANY_FRAME, "0")), ("cam2.tif", (ANY_FRAME, "cam2")),
        ("0.jpg.png", (ANY_FRAME, "0")), ("0000.webp", (ANY_FRAME, "0")), ("3.png", (ANY_FRAME, "03")),
        ("12/cam2.png", ("12", "cam2")), ("cam2/12.png", ("12", "cam2")), ("cam2/0012.png", ("12", "cam2")),
        ("cam2_000012.png", ("12", "cam2")), ("12_cam2.png", ("12", "cam2")),
        ("CAM2.PNG", (ANY_FRAME, "cam2")), ("cam02.png", (ANY_FRAME, "cam2")), ("Cam002_012.png", ("12", "cam2")),
    ],
)  # fmt: skip
def test_names_that_are_understood(tmp_path: Path, path: str, key: tuple[str, str]) -> None:
    assert found(tmp_path, path) == {key: path}


@pytest.mark.parametrize("path", ["cam4.png", "images/0.png", "99/0.png", "0.txt", "0.exr", "-1.png"])
def test_names_that_mean_nothing(tmp_path: Path, path: str) -> None:
    assert found(tmp_path, path) == {}


def test_the_own_spelling_and_the_first_suffix_win(tmp_path: Path) -> None:
    paths = ("00.png", "0.jpg", "0.png", "0.jpg.png", "0.tif")
    assert found(tmp_path, *paths) == {(ANY_FRAME, "0"): "0.png"}


def test_a_number_that_two_cameras_are_is_nobodys(tmp_path: Path) -> None:
    assert found(tmp_path, "001.png", names=ViewNames(("0",), ("1", "01"))) == {}


def test_colmap_names_with_folders(tmp_path: Path) -> None:
    names = ViewNames(("0",), ("left/0001.jpg", "right/0001.jpg"))
    assert found(tmp_path, "left/0001.jpg.png", names=names) == {(ANY_FRAME, "left/0001.jpg"): "left/0001.jpg.png"}


def test_other_names_are_said_and_usual_ones_not(tmp_path: Path) -> None:
    found(tmp_path, "0.png", "12/cam2.PNG")
    assert find_mattes(tmp_path, NAMES).notes == ()
    found(tmp_path, "3.png")
    (note,) = find_mattes(tmp_path, NAMES).notes
    assert "3.png for camera 03" in note


def test_names_with_more_text_give_the_pattern_that_fits_them(tmp_path: Path) -> None:
    for path in ("cam2_mask.png", "cam3_mask.png", "x.png"):
        (tmp_path / path).touch()
    assert near_pattern(tmp_path, ("cam2", "cam3")) == "{camera}_mask.png"
    assert near_pattern(tmp_path, ("left", "right")) is None
