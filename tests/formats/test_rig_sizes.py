from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import RawCamera, RawRig, read_raw_rig
from renderkit.formats.names import integer_names, names_from_pictures, picture_from_name, require_tokens
from renderkit.formats.sizes import find_picture_sizes, with_sizes


def raw(center: tuple[float, float], path: Path, name: str = "a", size: tuple[int, int] | None = None) -> RawRig:
    K = np.array([[1000.0, 0.0, center[0]], [0.0, 1000.0, center[1]], [0.0, 0.0, 1.0]])
    return RawRig((RawCamera(name, K, np.eye(4)[:3], size=size),), path)


def picture(path: Path, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((size[1], size[0], 3), np.uint8))


@pytest.mark.parametrize("where", ["a.png", "images/a.jpg", "a/0001.png", "images/a/0.jpg"])
def test_pictures_beside_the_file_give_the_size(where: str, tmp_path: Path) -> None:
    picture(tmp_path / where, (64, 48))
    assert find_picture_sizes(tmp_path / "cameras.txt", ["a", "b"]) == {"a": (64, 48)}
    filled = with_sizes(raw((30.0, 25.0), tmp_path / "cameras.txt"), (10, 10)).cameras[0]
    assert (filled.size, filled.size_source) == ((64, 48), "pictures")


def test_the_file_comes_before_the_picture_and_the_option_after(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", (64, 48))
    filled = with_sizes(raw((30.0, 25.0), tmp_path / "x", size=(128, 96)), (10, 10)).cameras[0]
    assert (filled.size, filled.size_source, filled.picture_size) == ((128, 96), "file", (64, 48))
    filled = with_sizes(raw((30.0, 25.0), tmp_path / "x", name="b"), (10, 12)).cameras[0]
    assert (filled.size, filled.size_source) == ((10, 12), "option")


def test_known_sensors_and_the_last_resort_are_noted(tmp_path: Path) -> None:
    known = with_sizes(raw((1200.0, 1040.0), tmp_path), None)
    assert (known.cameras[0].size, known.cameras[0].size_source) == ((2448, 2048), "assumed")
    assert "2448 x 2048 is assumed, a known sensor" in known.notes[0]
    guess = with_sizes(raw((99.5, 70.2), tmp_path), None)
    assert guess.cameras[0].size == (200, 141)
    assert "twice the principal point" in guess.notes[0]
    broken = with_sizes(raw((float("nan"), 1.0), tmp_path), None)
    assert broken.cameras[0].size == (1, 1)


def test_middlebury_finds_its_pictures(shared_data: Path) -> None:
    cameras = read_raw_rig(shared_data / "middlebury_dino").cameras
    assert {(camera.size, camera.size_source) for camera in cameras} == {((640, 480), "pictures")}


def test_picture_names() -> None:
    assert names_from_pictures(["./images/a.png", "images/b.JPG", "c"]) == ("a", "b", "c")
    assert names_from_pictures(["a.png", "a.jpg"]) == ("a.png", "a.jpg"), "short names must stay unique"
    assert names_from_pictures(["cam1/0.png", "cam2/0.png"]) == ("cam1/0", "cam2/0")
    assert picture_from_name("a", ".png") == "a.png"
    assert picture_from_name("a.jpg", ".png") == "a.jpg"


def test_numbered_names_are_kept_and_others_renumbered() -> None:
    assert integer_names(("3", "10")) == ((3, 10), ())
    assert integer_names(()) == ((), ())
    ids, notes = integer_names(("03", "b"))
    assert ids == (0, 1)
    assert "0 (03) to 1 (b)" in notes[0]


@pytest.mark.parametrize("name", ["", "left eye", "a,b"])
def test_names_that_text_cannot_carry(name: str) -> None:
    with pytest.raises(DatasetError, match="rename the camera"):
        require_tokens([name], Path("x"), ",", "CSV")


def test_a_picture_that_links_to_itself_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("a.jpg")
    assert find_picture_sizes(tmp_path, ["a"]) == {}
