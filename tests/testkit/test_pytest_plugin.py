"""`renderkit testkit` and the pytest plugin, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.formats import write_rig
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.testkit.files import read_kit, write_kit
from renderkit.testkit.vectors import make_kit

LOADER = """
import cv2, json, numpy as np
rig = json.load(open("rig.json"))["cameras"]

def project(name, points):
    import renderkit
    camera = renderkit.read_rig("rig.json")[name]
    return camera.project(points)

def corner(name, points):
    return project(name, points) + 0.5

def opencv(name, points):
    import renderkit
    c = renderkit.read_rig("rig.json")[name]
    pose = c.cam_from_world
    return cv2.projectPoints(points, cv2.Rodrigues(pose.R)[0], pose.t, c.K, c.distortion.coefficients)[0].reshape(-1, 2)

def shape(name, points):
    return project(name, points).T
"""


def make_rig(num_cameras: int = 2) -> Rig:
    lens = BrownConrady(np.array([-0.3, 0.02, 0.001, -0.002]))
    cameras = {}
    for index in range(num_cameras):
        turn = 0.3 * index
        rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
        K = np.array([[700.0 + index, 0, 310.0], [0, 702.0, 245.0], [0, 0, 1]])
        name = f"cam{index}"
        cameras[name] = Camera(K, 640, 480, lens, Pose(rotation, np.array([0.0, 0.1, 2.0])), name)
    return Rig(cameras, "m")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a rig, its kit, and loaders."""
    write_rig(make_rig(), tmp_path / "rig.json", format="rig")
    (tmp_path / "loaders.py").write_text(LOADER)
    write_kit(make_kit(make_rig()), tmp_path / "kit")
    (tmp_path / "test_other.py").write_text("def test_other():\n    assert False\n")
    return tmp_path


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    # The installed entry point, if there is one, gives way to the module under test.
    plugin = ["-p", "no:renderkit", "-p", "renderkit.testkit.pytest_plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *plugin, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stdout + done.stderr


def test_a_right_function_passes_and_nothing_else_is_collected(folder: Path) -> None:
    code, output = run_pytest(folder, "--renderkit-kit", "kit", "--loader", "loaders:project")
    assert (code, "4 passed" in output) == (0, True), output


def test_the_slip_is_named_for_every_camera(folder: Path) -> None:
    code, output = run_pytest(folder, "--renderkit-kit", "kit", "--loader", "loaders:corner")
    assert code == 1
    failures = [line for line in output.splitlines() if line.startswith("camera ")]  # not the summary's copies
    assert sum("slip: half pixel (" in line for line in failures) == len(failures) == 2, output
    assert "Traceback" not in output


def test_opencv_is_right_inside_and_draws_what_has_no_projection(folder: Path) -> None:
    code, output = run_pytest(folder, "--renderkit-kit", "kit", "--loader", "loaders:opencv")
    assert code == 1
    assert "2 failed, 2 passed" in output
    assert "folded back" in output
    assert "behind the camera" in output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--renderkit-kit", "kit"], "belong together"),
        (["--renderkit-kit", "nowhere", "--loader", "loaders:project"], "renderkit testkit RIG -o nowhere"),
        (["--renderkit-kit", "kit", "--loader", "loaders"], "MODULE:FUNCTION"),
        (["--renderkit-kit", "kit", "--loader", "loaders:absent"], "no function 'absent'"),
        (["--renderkit-kit", "kit", "--loader", "loaders:shape"], "expected (1"),
    ],
)
def test_wrong_usage_says_what_is_expected(folder: Path, arguments: list[str], says: str) -> None:
    code, output = run_pytest(folder, *arguments)
    assert code != 0
    assert says in output, output


def test_without_the_options_the_plugin_does_nothing(folder: Path) -> None:
    code, output = run_pytest(folder)
    assert code == 1
    assert "1 failed" in output


def test_a_kit_reads_back_exactly(tmp_path: Path) -> None:
    kit = make_kit(make_rig())
    json_file, csv_file, npz_file = write_kit(kit, tmp_path / "kit")
    again = read_kit(tmp_path / "kit")
    arrays = np.load(npz_file)
    rows = csv_file.read_text().splitlines()[1:]
    for index, (name, vectors) in enumerate(kit.cameras.items()):
        np.testing.assert_array_equal(again.cameras[name].points_world, vectors.points_world)
        np.testing.assert_array_equal(again.cameras[name].pixels, vectors.pixels)
        np.testing.assert_array_equal(arrays[f"{index}/pixels"], vectors.pixels)
        mine = [row.split(",") for row in rows if row.startswith(f"{name},")]
        assert [(float(row[5]), float(row[6])) for row in mine if row[5]] == [
            tuple(pixel) for pixel in vectors.pixels if np.isfinite(pixel).all()
        ]
    assert json.loads(json_file.read_text())["conventions"]["extrinsics"] == "x_cam = R x_world + t"


@pytest.mark.parametrize("text", ["{}", "[1]", '{"format": "renderkit.testkit/1"}', '{"format": "other"}'])
def test_what_is_no_kit_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "kit.json").write_text(text)
    with pytest.raises(DatasetError):
        read_kit(tmp_path)
