"""ROS camera_info against OpenCV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from camera_samples import K, brown_pixels, file_with, fisheye_pixels, worst

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats import detect_format, read_raw_rig

FLAT = K.ravel().tolist()
EYE, ZERO = np.eye(3), np.zeros(3)


def info(model: str, lens: list[float], name: str = "head", extra: str = "") -> str:
    return (
        f"image_width: 640\nimage_height: 480\ncamera_name: {name}\ncamera_matrix:\n  rows: 3\n  cols: 3\n"
        f"  data: {FLAT}\ndistortion_model: {model}\ndistortion_coefficients:\n  rows: 1\n  cols: {len(lens)}\n"
        f"  data: {lens}\n{extra}"
    )


@pytest.mark.parametrize(
    ("model", "lens"),
    [
        ("plumb_bob", [-0.15, 0.1, 0.001, -0.0005, 0.02]),
        ("rational_polynomial", [-0.15, 0.1, 0.001, -0.0005, 0.02, 0.01, 0.02, 0.003]),
        ("equidistant", [0.02, -0.01, 0.003, -0.0005]),
    ],
)
def test_the_three_models(model: str, lens: list[float], tmp_path: Path) -> None:
    path = file_with(tmp_path, "ost.yaml", info(model, lens))
    assert detect_format(path) == "ros"
    raw = read_raw_rig(path)
    camera = raw.to_rig()["head"]
    project = fisheye_pixels if model == "equidistant" else brown_pixels
    assert worst(camera, project(EYE, ZERO, lens)) < 1e-9
    assert camera.size == (640, 480)
    assert "no pose, only intrinsics" in raw.notes[0]
    assert "tf" in raw.notes[0]


def test_rectification_is_stated_where_it_would_change_anything(tmp_path: Path) -> None:
    same = f"rectification_matrix:\n  rows: 3\n  cols: 3\n  data: {EYE.ravel().tolist()}\n"
    projection = np.column_stack([K, [-70.0, 0.0, 0.0]]).ravel().tolist()
    other = f"projection_matrix:\n  rows: 3\n  cols: 4\n  data: {projection}\nbinning_x: 2\n"
    quiet = read_raw_rig(file_with(tmp_path, "a.yaml", info("plumb_bob", [], extra=same)))
    told = read_raw_rig(file_with(tmp_path, "b.yaml", info("plumb_bob", [], extra=same + other)))
    assert not any("rectification" in note for note in quiet.notes)
    assert any("(P) are not applied (1 cameras)" in note for note in told.notes)
    assert any("`binning_x` is ignored" in note for note in told.notes)


def test_a_printed_message_and_a_folder(tmp_path: Path) -> None:
    message = "header:\n  seq: 1\nheight: 480\nwidth: 640\ndistortion_model: plumb_bob\n"
    message += f"D: [-0.1, 0.0, 0.0, 0.0, 0.0]\nK: {FLAT}\n"
    file_with(tmp_path, "left.yaml", message)
    file_with(tmp_path, "right.yml", info("plumb_bob", [-0.1, 0.0, 0.0, 0.0, 0.0], name="right"))
    file_with(tmp_path, "other.yaml", "a: 1\n")
    assert detect_format(tmp_path) == "ros"
    rig = read_raw_rig(tmp_path).to_rig()
    assert list(rig.cameras) == ["left", "right"]
    for camera in rig:
        assert worst(camera, brown_pixels(EYE, ZERO, [-0.1, 0, 0, 0, 0])) < 1e-9


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"'thin_prism'.*expected one of plumb_bob"):
        read_raw_rig(file_with(tmp_path, "a.yaml", info("thin_prism", [])))
    short = info("plumb_bob", []).replace(f"data: {FLAT}", "data: [1.0]")
    with pytest.raises(DatasetError, match="expected 3 x 3 numbers, found 1"):
        read_raw_rig(file_with(tmp_path, "b.yaml", short))
