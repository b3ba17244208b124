"""Mattes beside the pictures and names that differ only in upper and lower case: found as `--masks` finds them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.capture import Capture
from renderkit.errors import DatasetError
from renderkit.formats import open_capture, write_rig
from renderkit.formats.patterns import PathPattern, best_pattern
from renderkit.formats.proposal import propose_capture
from renderkit.formats.scene import count_scene, state_parts
from renderkit.geometry.rig import Rig

PHOTO, MATTE = 90, 255


def _scene(folder: Path, rig: Rig, photos: str, mattes: str, *, camera: str = "cam{0}") -> None:
    """Write a rig whose cameras are called `camera`, with a picture and a matte of each: {0} is the number."""
    numbers = range(len(rig.cameras))
    named = [camera.format(number) for number in numbers]
    pairs = zip(named, rig.cameras.values(), strict=True)
    folder.mkdir(exist_ok=True)
    write_rig(Rig({name: replace(one, name=name) for name, one in pairs}, "m"), folder / "rig.json", format="rig")
    size = next(iter(rig.cameras.values())).size
    for number in numbers:
        for pattern, value in ((photos, PHOTO), (mattes, MATTE)):
            path = folder / pattern.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), np.full((size[1], size[0]), value, np.uint8))


def _values(capture: Capture, part: str) -> list[int | None]:
    found = [getattr(capture.view(frame, name), part) for frame in capture.frame_ids for name in capture.camera_names]
    return [None if one is None else int(one.decode_gray().max()) for one in found]


@pytest.mark.parametrize(
    "mattes",
    [
        "cam{0}_mask.png", "cam{0}.mask.png", "cam{0}-mask.tif", "mask_cam{0}.png", "mask-cam{0}.png",
        "cam{0}_matte.png", "matte_cam{0}.png", "cam{0}_alpha.png", "cam{0}_silhouette.png", "cam{0}_seg.png",
        "cam{0}_Mask.png", "MASK_cam{0}.png", "masks/cam{0}_mask.png", "mattes/mask_cam{0}.png", "masks/cam{0}.png",
        "Masks/cam{0}.png",
    ],
)  # fmt: skip
@pytest.mark.parametrize("photos", ["cam{0}.png", "images/cam{0}.jpg"])
def test_mattes_beside_the_pictures_are_found(tmp_path: Path, pinhole_ring: Rig, photos: str, mattes: str) -> None:
    path = mattes if "/" in mattes else (Path(photos).parent / mattes).as_posix()
    _scene(tmp_path, pinhole_ring, photos, path)
    counts = count_scene(propose_capture(state_parts(tmp_path, tmp_path), search=True))
    number = len(pinhole_ring.cameras)
    assert (counts.images, counts.masks, counts.frames) == (number, number, 1)
    assert counts.images_without_camera == ()
    with open_capture(tmp_path) as capture:
        assert set(_values(capture, "mask")) == {MATTE}
        assert set(_values(capture, "image")) == {PHOTO} or photos.endswith("jpg")
    # Given as a folder, the same names are understood, and the pictures in it are not taken for mattes.
    with open_capture(tmp_path, rig="rig.json", masks=str(Path(path).parent)) as capture:
        assert set(_values(capture, "mask")) == {MATTE}


@pytest.mark.parametrize("matte", ["images/cam{0}/0007_mask.png", "images/cam{0}/mask_0007.png"])
def test_mattes_beside_frames_are_no_frames(tmp_path: Path, pinhole_ring: Rig, matte: str) -> None:
    _scene(tmp_path, pinhole_ring, "images/cam{0}/0007.png", matte)
    with open_capture(tmp_path) as capture:
        assert capture.frame_ids == ("0007",)
        assert set(_values(capture, "mask")) == {MATTE}
        assert set(_values(capture, "image")) == {PHOTO}


def test_a_camera_may_be_called_a_mask(tmp_path: Path, pinhole_ring: Rig) -> None:
    """Its picture is no matte of another camera."""
    names = list(pinhole_ring.cameras)
    called = {names[0]: "a", names[1]: "a_mask"}
    rig = Rig({called[one]: replace(pinhole_ring[one], name=called[one]) for one in called}, "m")
    write_rig(rig, tmp_path / "rig.json", format="rig")
    for name in called.values():
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((8, 8), PHOTO, np.uint8))
    with open_capture(tmp_path) as capture:
        assert _values(capture, "mask") == [None, None]
        assert _values(capture, "image") == [PHOTO, PHOTO]


def test_pictures_that_are_their_own_mattes_stay_pictures(tmp_path: Path, pinhole_ring: Rig) -> None:
    _scene(tmp_path, pinhole_ring, "images/cam{0}.png", "images/cam{0}.png")
    with open_capture(tmp_path, rig="rig.json", images="images/{camera}.png", masks="images") as capture:
        assert None not in _values(capture, "image")
        assert None not in _values(capture, "mask")


@pytest.mark.parametrize(
    ("photos", "mattes"), [("images/cam{0}.png", "masks/CAM{0}.png"), ("Images/cAm{0}.PNG", "MASKS/cam{0}.png")]
)
def test_names_that_differ_only_in_case_are_found(tmp_path: Path, pinhole_ring: Rig, photos: str, mattes: str) -> None:
    _scene(tmp_path, pinhole_ring, photos, mattes, camera="Cam{0}")
    with open_capture(tmp_path) as capture:
        assert set(_values(capture, "mask")) == {MATTE}
        assert set(_values(capture, "image")) == {PHOTO}
    views = {f"CAM{number}": [[1.0 + number, 2.0]] for number in range(len(pinhole_ring.cameras))}
    for document in (
        {"format": "renderkit-landmarks", "version": 1, "landmarks_2d": {"scheme": "own", "frames": {"*": views}}},
        views,
    ):
        (tmp_path / "marks.json").write_text(json.dumps(document))
        with open_capture(tmp_path, landmarks="marks.json") as capture:
            found = [capture.view("0", name).read_landmarks() for name in capture.camera_names]
        assert [None if one is None else one.points[0, 0] for one in found] == [1.0 + i for i in range(len(views))]


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_the_exact_name_wins(tmp_path: Path) -> None:
    _touch(tmp_path, "Cam1.png", "cam1.png", "cam2.png")
    pattern = PathPattern("{camera}.*", tmp_path)
    assert {key[1]: path.name for key, path in pattern.find({"cam1": "cam1", "CAM2": "CAM2"}).items()} == {
        "cam1": "cam1.png",
        "CAM2": "cam2.png",
    }


def test_two_files_that_could_be_meant_are_both_named(tmp_path: Path) -> None:
    _touch(tmp_path, "Cam1.png", "cam1.png")
    with pytest.raises(DatasetError, match=r"matches two files of one picture: .*Cam1.png and .*cam1.png"):
        PathPattern("{camera}.*", tmp_path).find({"CAM1": "CAM1"})


def test_two_cameras_that_differ_only_in_case_have_exact_names(tmp_path: Path) -> None:
    _touch(tmp_path, "cam1.png", "CAM2_0001.png", "cam2_0001.png")
    cameras = {name: name for name in ("cam1", "Cam1")}
    assert {key[1] for key in PathPattern("{camera}.*", tmp_path).find(cameras)} == {"cam1"}
    # What is one camera's is no other's, in patterns with more than a name too.
    found = PathPattern("{camera}_{frame}.*", tmp_path).find({"cam2": "cam2", "CAM2": "CAM2"})
    assert {key[1]: path.name for key, path in found.items()} == {"cam2": "cam2_0001.png", "CAM2": "CAM2_0001.png"}


def test_an_exact_pattern_comes_before_one_that_differs_in_case(tmp_path: Path) -> None:
    _touch(tmp_path, "images/CAM1.png", "rgb/cam1.png")
    patterns = ("images/{camera}.*", "rgb/{camera}.*")
    assert best_pattern(tmp_path, patterns, {"cam1": "cam1"}, (".png",)) == "rgb/{camera}.*"
    assert best_pattern(tmp_path, patterns[:1], {"cam1": "cam1"}, (".png",)) == "images/{camera}.*"
