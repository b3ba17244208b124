"""Captures of what is in memory, and captures of one's own."""

from __future__ import annotations

import doctest
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import renderkit.capture.capture
from renderkit.capture import Capture
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig

CAMERA = Camera(np.array([[90.0, 0.0, 31.5], [0.0, 90.0, 23.5], [0.0, 0.0, 1.0]]), 64, 48, name="left")
CAMERAS = {"left": CAMERA, "right": Camera(CAMERA.K, 64, 48, name="right")}


def test_the_examples_of_the_documentation_run() -> None:
    result = doctest.testmod(renderkit.capture.capture)
    assert result.attempted >= 8
    assert result.failed == 0


def test_arrays_files_and_landmarks_come_back(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    mask = random.random((48, 64)) < 0.5
    cv2.imwrite(str(tmp_path / "right.png"), np.full((48, 64), 7, np.uint8))
    points = Landmarks.all_valid(np.array([[1.0, 2.0]]), "own")
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]))
    given = Capture.from_arrays(
        Rig(CAMERAS, "mm"),
        {"left": image},
        {"left": mask, "right": tmp_path / "right.png"},
        mesh,
        {"left": points},
        landmarks_3d=Landmarks.all_valid(np.ones((1, 3)), "own"),
    )
    for capture in (given, given.reopen(), pickle.loads(pickle.dumps(given))):  # noqa: S301 - our own bytes
        assert (capture.unit, capture.dataset, capture.camera_names) == ("mm", "arrays", ("left", "right"))
        left, right = capture.views("0")
        assert left.image is not None
        assert left.mask is not None
        assert right.mask is not None
        np.testing.assert_array_equal(left.image.decode_color(), image)
        np.testing.assert_array_equal(left.mask.decode_gray(), mask * 255)
        assert right.image is None
        assert right.mask.decode_gray()[0, 0] == 7
        assert left.read_landmarks() is not None
        assert right.read_landmarks() is None
        frame = capture.frame("0")
        np.testing.assert_array_equal(frame.read_mesh("mesh").vertices, np.eye(3))
        assert frame.read_landmarks() is not None
        assert capture.files_read == (tmp_path / "right.png",)
        assert capture.inventory().annotations == {
            "image": ("left",), "mask": ("left", "right"), "landmarks2d": ("left",),
        }  # fmt: skip
        for frame_id, name in (("1", "left"), ("0", "up")):
            with pytest.raises(KeyError):
                capture.view(frame_id, name)


def test_an_array_given_is_not_changed_afterwards() -> None:
    mask = np.zeros((48, 64), np.uint8)
    capture = Capture.from_arrays(CAMERAS, masks={"left": mask})
    mask[:] = 255
    found = capture.view("0", "left").mask
    assert found is not None
    assert not found.decode_gray().any()


def test_what_does_not_fit_the_cameras_is_refused() -> None:
    with pytest.raises(ValueError, match="masks: no camera is called 'up'; the cameras are: left, right"):
        Capture.from_arrays(CAMERAS, masks={"up": np.zeros((48, 64), np.uint8)})
    wrong: tuple[Any, ...] = (np.zeros((64, 48), np.uint8), np.zeros((48, 64)), np.zeros((48, 64, 3), np.uint8))
    for pixels in wrong:
        with pytest.raises(ValueError, match=r"masks\['left'\]: expected uint8 of shape \(48, 64\)"):
            Capture.from_arrays(CAMERAS, masks={"left": pixels})


def test_a_capture_says_what_is_in_it() -> None:
    camera = Camera(np.diag([90.0, 90.0, 1.0]), 64, 48, name="left")
    capture = Capture.from_arrays({"left": camera})
    assert repr(capture) == "<ArrayCapture 'memory'>"
    assert str(capture) == "memory (arrays): 1 camera, 1 frame"


def test_parts_of_another_kind_are_named() -> None:
    camera = Camera(np.diag([90.0, 90.0, 1.0]), 64, 48, name="left")
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"mesh": "scan.ply"}, "mesh: expected Mesh, got str; make one by rk.load_mesh"),
        ({"mesh": (np.eye(3), [[0, 1, 2]])}, "mesh: expected Mesh, got tuple"),
        ({"landmarks": {"left": np.zeros((5, 2))}}, r"landmarks\['left'\]: expected Landmarks, got ndarray"),
    )
    for parts, message in cases:
        with pytest.raises(ValueError, match=message):
            Capture.from_arrays({"left": camera}, **parts)
    with pytest.raises(ValueError, match="cameras: expected cameras by name"):
        Capture.from_arrays([camera])  # type: ignore[arg-type]
