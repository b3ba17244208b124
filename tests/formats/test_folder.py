"""Captures from any camera file and pictures found by patterns."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.capture import Capture
from renderkit.errors import DatasetError
from renderkit.formats import open_capture, write_rig
from renderkit.formats.patterns import PathPattern, is_inside, natural_order
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig


def picture(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((9, 12), value, np.uint8))


def gray(capture: Capture, frame: str, camera: str, part: str = "image") -> int | None:
    found = getattr(capture.view(frame, camera), part)
    return None if found is None else int(found.decode_gray()[0, 0])


@pytest.fixture
def folder(pinhole_ring: Rig, tmp_path: Path) -> Path:
    """Twelve COLMAP cameras; pictures of frames 2 and 10, mattes of every frame for two cameras, a mesh per frame."""
    write_rig(pinhole_ring, tmp_path / "sparse" / "0", format="colmap")
    for frame in ("2", "10"):
        for index, name in enumerate(list(pinhole_ring.cameras)[:3]):
            picture(tmp_path / "images" / frame / f"{name}.png", int(frame) + index)
    picture(tmp_path / "mattes" / "00_alpha_v1.png", 100)
    picture(tmp_path / "mattes" / "01_alpha_v2.png", 101)
    picture(tmp_path / "mattes" / "unknown_alpha_v1.png", 1)
    return tmp_path


def test_frames_and_cameras_are_bound_by_the_pattern(
    folder: Path, pinhole_ring: Rig, write_ply: Callable[[Path], Path]
) -> None:
    write_ply(folder / "meshes" / "2.ply")
    capture = open_capture(
        folder,
        rig="sparse/0",
        images="images/{frame}/{camera}.png",
        masks="mattes/{camera}_alpha_*.png",
        mesh="meshes/{frame}.ply",
        unit="m",
    )
    assert capture.frame_ids == ("2", "10")
    assert capture.camera_names == tuple(pinhole_ring.cameras)
    assert (capture.dataset, capture.unit) == ("folder", "m")
    assert [gray(capture, "2", "00"), gray(capture, "10", "02"), gray(capture, "2", "05")] == [2, 12, None]
    assert [gray(capture, frame, "01", "mask") for frame in ("2", "10")] == [101, 101]
    assert gray(capture, "2", "02", "mask") is None
    assert capture.frame("2").read_mesh("mesh").vertices.shape == (3, 3)
    assert capture.frame("10").mesh_names == ()
    np.testing.assert_allclose(capture.camera("03").K, pinhole_ring["03"].K)
    inventory = capture.inventory()
    assert inventory.annotations["image"] == ("00", "01", "02")
    assert inventory.frame_annotations == {"mesh": ("2",)}
    assert {part.kind for part in inventory.missing} == {"image", "mask", "landmarks"}
    assert folder / "meshes" / "2.ply" in capture.files_read
    assert folder / "sparse" / "0" / "cameras.txt" in capture.files_read
    with pytest.raises(KeyError):
        capture.view("3", "00")
    with pytest.raises(KeyError):
        capture.view("2", "99")
    again: Capture = pickle.loads(pickle.dumps(capture))  # noqa: S301 - our own bytes
    assert gray(again, "10", "01") == gray(capture.reopen(), "10", "01") == 11


def test_other_names_in_file_paths(folder: Path, pinhole_ring: Rig) -> None:
    picture(folder / "photos" / "cam-a" / "x.png", 50)
    by_name = open_capture(folder, rig="sparse/0", images="photos/{camera}/*.png", camera_names={"03": "cam-a"})
    in_order = open_capture(
        folder,
        rig="sparse/0",
        images="photos/{camera}/*.png",
        camera_names=["cam-a" if name == "03" else name for name in pinhole_ring.cameras],
    )
    for capture in (by_name, in_order):
        assert capture.frame_ids == ("0",)
        assert gray(capture, "0", "03") == 50
        assert gray(capture, "0", "04") is None
    for names, why in (
        ({"nobody": "x"}, "no camera 'nobody'"),
        (["x"], "expected 12"),
        ({"00": "01"}, "the same name"),
    ):
        with pytest.raises(ValueError, match=why):
            open_capture(folder, rig="sparse/0", images="photos/{camera}/*.png", camera_names=names)


def test_a_mesh_in_memory_and_mattes_in_a_folder(folder: Path) -> None:
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]), name="given")
    capture = open_capture(folder, rig="sparse/0", masks=folder / "images" / "2", mesh=mesh)
    assert capture.frame("0").read_mesh("given") is mesh
    assert gray(capture, "0", "01", "mask") == 3


def test_slips_are_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"images: 'imgs/\{camera\}.png' matches no file"):
        open_capture(folder, rig="sparse/0", images="imgs/{camera}.png")
    with pytest.raises(ValueError, match=r"expected \{camera\}, \{frame\} or \*, found \{view\}"):
        open_capture(folder, rig="sparse/0", images="images/{view}.png")
    with pytest.raises(ValueError, match=r"expected \{camera\} in the pattern"):
        open_capture(folder, rig="sparse/0", images="images/2/00.png")
    picture(folder / "mattes" / "00_alpha_v9.png", 5)
    with pytest.raises(DatasetError, match="two files of one picture"):
        open_capture(folder, rig="sparse/0", masks="mattes/{camera}_alpha_*.png")
    with pytest.raises(ValueError, match="expected rig, the camera file, with images"):
        open_capture(images="images/{camera}.png")
    with pytest.raises(ValueError, match="expected a capture, or rig"):
        open_capture()
    with pytest.raises(ValueError, match="not to rig"):
        open_capture(folder, rig="sparse/0", flame="x")


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    inside, secret = tmp_path / "inside", tmp_path / "secret.png"
    picture(inside / "a" / "b.png", 1)
    picture(secret, 2)
    names = [
        "../secret",
        "..",
        ".",
        "",
        "a/../../secret",
        str(secret.with_suffix("")),
        "a/b",
        "a\\b",
        "x\0y",
        "*",
        "{frame}",
    ]
    found = PathPattern("{camera}.png", inside).find({name: name for name in names})
    assert found == {("*", "a/b"): inside / "a" / "b.png"}
    assert not any(map(is_inside, names[:6]))


def test_a_field_binds_one_name_and_the_same_twice(tmp_path: Path) -> None:
    for text in ("f1/c_f1.png", "f2/c_f1.png", "f3/deep/c_f3.png", "c{x}/1.png"):
        picture(tmp_path / text, 1)
    assert set(PathPattern("{frame}/{camera}_{frame}.png", tmp_path).find({"c": "c"})) == {("f1", "c")}
    assert set(PathPattern("{camera}/{frame}.png", tmp_path).find({"c{x}": "c"})) == {("1", "c")}
    assert natural_order(["10", "2", "a10", "a9"]) == ("2", "10", "a9", "a10")
