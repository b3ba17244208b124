"""The sliders of the page in a real browser, against OpenCV and against `Camera`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from renderkit.arrays import FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.pose import Pose
from renderkit.results.page_pictures import MovableOutline, outline_json

if TYPE_CHECKING:
    from playwright.sync_api import Page

K = np.array([[2310.0, 3.0, 1215.3], [0.0, 2290.0, 1030.7], [0.0, 0.0, 1.0]])
LENSES: dict[str, Distortion] = {
    "none": NoDistortion(),
    "4": BrownConrady(np.array([-0.12, 0.05, 0.001, -0.002])),
    "5": BrownConrady(np.array([-0.12, 0.05, 0.001, -0.002, 0.01])),
    "8": BrownConrady(np.array([0.2, -0.1, 0.001, -0.002, 0.03, 0.15, -0.05, 0.02])),
    "12": BrownConrady(np.array([0.2, -0.1, 0.001, -0.002, 0.03, 0.15, -0.05, 0.02, 1e-3, -2e-3, 5e-4, 1e-3])),
    "14": BrownConrady(
        np.array([0.2, -0.1, 0.001, -0.002, 0.03, 0.15, -0.05, 0.02, 1e-3, -2e-3, 5e-4, 1e-3, 0.02, -0.03])
    ),
    "fisheye": KannalaBrandt(np.array([-0.03, 0.01, -0.004, 0.001])),
}
MOVES: tuple[dict[str, float], ...] = (
    {},
    {"yaw": 1.3, "pitch": -0.8, "roll": 4.0},
    {"x": 0.02, "y": -0.015, "z": 0.05, "yaw": -0.4},
    {"focal": 3.5, "k1": 0.03, "pitch": 0.5, "x": -0.01},
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    executable = next((path for path in found if path), None)
    if executable is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.set_default_timeout(120_000)
        folder = resources.files("renderkit.report.html").joinpath("assets")
        for name in ("lens.js", "whatif.js"):
            opened.add_script_tag(content=folder.joinpath(name).read_text(encoding="utf-8"))
        yield opened
        browser.close()


def _points() -> FloatArray:
    rng = np.random.default_rng(3)
    return np.column_stack([rng.uniform(-0.3, 0.3, (10, 2)), rng.uniform(0.9, 1.1, 10)])


def _drawn(page: Page, outline: MovableOutline, values: dict[str, float]) -> FloatArray:
    arguments: dict[str, Any] = {"outline": outline_json(outline), "values": values}
    rings = page.evaluate("({outline, values}) => projectOutline(outline, values)", arguments)
    return np.array(rings[0], np.float64)


def _moved(values: dict[str, float]) -> Pose:
    """A camera that turns about y, then x, then z of its own, after it moved along its axes."""
    angles = [values.get(name, 0.0) for name in ("yaw", "pitch", "roll")]
    axes = Rotation.from_euler("YXZ", angles, degrees=True).as_matrix()
    shift = np.array([values.get(name, 0.0) for name in "xyz"])
    return Pose(axes.T, -axes.T @ shift)


@pytest.mark.parametrize("values", MOVES)
@pytest.mark.parametrize("lens", LENSES)
def test_the_outline_is_where_opencv_and_camera_project_it(page: Page, lens: str, values: dict[str, float]) -> None:
    model, points, pose = LENSES[lens], _points(), _moved(values)
    drawn = _drawn(page, MovableOutline(Camera(K, 2448, 2048, model), (points,)), values)
    changed = K.copy()
    changed[:2, :2] *= 1.0 + values.get("focal", 0.0) / 100.0
    coefficients = model.coefficients.copy() if model.coefficients.size else np.zeros(4)
    coefficients[0] += values.get("k1", 0.0)
    distortion = KannalaBrandt(coefficients) if lens == "fisheye" else BrownConrady(coefficients)
    camera = Camera(changed, 2448, 2048, distortion, pose)
    assert np.abs(drawn - camera.project(points)).max() < 0.05
    # OpenCV knows no skew in its standard model: sheared afterwards.
    plain = changed.copy()
    plain[0, 1] = 0.0
    rotation = cv2.Rodrigues(pose.R)[0]
    project = cv2.fisheye.projectPoints if lens == "fisheye" else cv2.projectPoints
    if lens == "fisheye":
        pixels = project(points[:, None], rotation, pose.t, plain, coefficients)[0][:, 0]
    else:
        pixels = project(points, rotation, pose.t, plain, coefficients)[0][:, 0]
    pixels[:, 0] += changed[0, 1] * (pixels[:, 1] - changed[1, 2]) / changed[1, 1]
    assert np.abs(drawn - pixels).max() < 0.05


def test_a_point_beyond_the_lens_or_behind_the_camera_is_left_out(page: Page) -> None:
    folding = Camera(K, 2448, 2048, BrownConrady(np.array([-0.5, 0.0, 0.0, 0.0])))
    # The radial curve turns at 1 / sqrt(1.5) = 0.816.
    ring = np.array([[0.80, 0.0, 1.0], [0.83, 0.0, 1.0], [0.1, 0.1, -1.0]])
    outline = outline_json(MovableOutline(folding, (ring,)))
    (pixels,) = page.evaluate("(outline) => projectOutline(outline, {})", outline)
    assert [pixel is not None for pixel in pixels] == [True, False, False]


def test_the_turn_has_the_sign_that_its_label_says(page: Page) -> None:
    outline = MovableOutline(Camera(K, 2448, 2048), (np.array([[0.0, 0.0, 1.0]] * 3),))
    still = _drawn(page, outline, {})[0]
    # A camera that turns right or moves right sees things further left; one that turns up, further down.
    assert _drawn(page, outline, {"yaw": 1.0})[0][0] < still[0]
    assert _drawn(page, outline, {"x": 0.01})[0][0] < still[0]
    assert _drawn(page, outline, {"pitch": 1.0})[0][1] > still[1]
    assert re.search("Turn right", resources.files("renderkit.report.html").joinpath("assets", "whatif.js").read_text())
