"""OpenCV and a published table of projections are the oracles; the inverse is checked against the forward map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.pose import Pose

FULL = [0.1, -0.2, 0.001, 0.002, 0.05, 0.02, 0.01, 0.03, 0.001, 0.002, 0.003, -0.001, 0.02, -0.03]
K = np.array([[1000.0, 0.0, 500.0], [0.0, 1100.0, 400.0], [0.0, 0.0, 1.0]])


def points_in_front(count: int = 500, spread: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(1)
    points: np.ndarray = np.column_stack([rng.uniform(-spread, spread, (count, 2)), np.ones(count)])
    points *= rng.uniform(0.5, 3.0, (count, 1))
    return points


def normalised() -> np.ndarray:
    points = points_in_front()
    xy: np.ndarray = points[:, :2] / points[:, 2:]
    return xy


@pytest.mark.parametrize("count", [4, 5, 8, 12, 14])
def test_projections_are_opencvs(count: int) -> None:
    points = points_in_front()
    camera = Camera.from_opencv(K, FULL[:count], Pose.identity(), (1000, 800))
    expected = cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, np.array(FULL[:count]))[0].reshape(-1, 2)
    assert np.abs(camera.project(points) - expected).max() < 1e-9


def test_fisheye_projections_are_opencvs() -> None:
    points = points_in_front(spread=3.0)
    coefficients = np.array([0.05, -0.01, 0.002, -0.001])
    camera = Camera(K, 1000, 800, KannalaBrandt(coefficients))
    expected = cv2.fisheye.projectPoints(points[:, None], np.zeros(3), np.zeros(3), K, coefficients)[0].reshape(-1, 2)
    assert np.abs(camera.project(points) - expected).max() < 1e-9


def test_published_projections(shared_data: Path) -> None:
    refs: dict[str, Any] = json.loads((shared_data / "mrcal_refs" / "opencv_projection_refs.json").read_text())
    fx, fy, cx, cy = refs["fx_fy_cx_cy"]
    intrinsics = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
    for model in ("OPENCV4", "OPENCV5", "OPENCV8"):
        camera = Camera.from_opencv(intrinsics, refs[model]["k"], Pose.identity(), (1000, 700))
        assert np.abs(camera.project(refs["p"]) - refs[model]["q"]).max() < 1e-6


@pytest.mark.parametrize(
    "model",
    [
        BrownConrady(np.array(FULL)),
        BrownConrady(np.array(FULL[:5])),
        KannalaBrandt(np.array([0.05, -0.01, 0.002, -0.001])),
    ],
)
def test_jacobian_is_the_slope_of_distort(model: Distortion) -> None:
    xy = points_in_front()[:, :2]
    step = 1e-6
    for axis in range(2):
        offset = np.eye(2)[axis] * step
        numeric = (model.distort(xy + offset) - model.distort(xy - offset)) / (2 * step)
        assert np.abs(numeric - model.jacobian(xy)[:, :, axis]).max() < 1e-8


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-0.4, 0.4), min_size=2, max_size=2),
    st.lists(st.floats(-0.003, 0.003), min_size=2, max_size=2),
    st.floats(-0.5, 0.5),
)
def test_undistort_undoes_distort_inside_the_valid_radius(
    radial: list[float], tangential: list[float], k3: float
) -> None:
    model = BrownConrady(np.array([*radial, *tangential, k3]))
    xy = normalised()
    xy = xy[np.hypot(xy[:, 0], xy[:, 1]) < 0.9 * model.valid_radius]
    assert np.abs(model.undistort(model.distort(xy)) - xy).max(initial=0.0) < 1e-10


def test_undistort_undoes_a_tilted_sensor_and_a_fisheye() -> None:
    xy = normalised()
    for model in (BrownConrady(np.array(FULL)), KannalaBrandt(np.array([0.05, -0.01, 0.002, -0.001]))):
        assert np.abs(model.undistort(model.distort(xy)) - xy).max() < 1e-12


def test_the_fold_is_where_calculus_puts_it() -> None:
    # d/dr (r + k1 r^3) = 0 at r = sqrt(-1 / (3 k1)), where the curve reaches 2 r / 3.
    model = BrownConrady(np.array([-0.3, 0.0, 0.0, 0.0]))
    assert model.valid_radius == pytest.approx(np.sqrt(1 / 0.9), rel=1e-12)
    assert model.valid_distorted_radius == pytest.approx(2 / 3 * np.sqrt(1 / 0.9), rel=1e-12)
    beyond = np.array([[1.01 * model.valid_distorted_radius, 0.0]])
    assert np.isnan(model.undistort(beyond)).all()
    assert np.isfinite(model.undistort(0.999 * beyond / 1.01)).all()


def test_a_pole_of_the_rational_model_bounds_the_valid_radius() -> None:
    # 1 / (1 - r^2): rises up to its pole at r = 1.
    model = BrownConrady(np.array([0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0]))
    assert model.valid_radius == pytest.approx(1.0, rel=1e-12)
    assert model.valid_distorted_radius == np.inf
    xy = normalised()
    assert np.abs(model.undistort(model.distort(xy)) - xy).max() < 1e-12


def test_a_rising_curve_has_no_fold() -> None:
    assert BrownConrady(np.array([0.1, 0.2, 0.0, 0.0, 0.3])).valid_radius == np.inf
    assert NoDistortion().valid_radius == np.inf


def test_the_fisheye_fold() -> None:
    # d/dt (t + k1 t^3) = 0 at t = sqrt(-1 / (3 k1)).
    model = KannalaBrandt(np.array([-0.4, 0.0, 0.0, 0.0]))
    assert model.valid_radius == pytest.approx(np.tan(np.sqrt(1 / 1.2)), rel=1e-12)


def test_folds_of_the_real_rig_without_tangential_terms(real_calibration: dict[str, Any]) -> None:
    """Against a dense scan of each radial curve: no root finding involved."""
    folded = 0
    for camera in real_calibration.values():
        k1, k2, _, _, k3 = camera["D"]
        radius = np.linspace(0.0, 1.0, 200_001)
        curve = radius * (1 + k1 * radius**2 + k2 * radius**4 + k3 * radius**6)
        falling = np.flatnonzero(np.diff(curve) < 0)
        model = BrownConrady(np.array([k1, k2, 0.0, 0.0, k3]))
        if not falling.size:
            assert model.valid_radius > 1.0
            continue
        folded += 1
        assert model.valid_radius == pytest.approx(radius[falling[0]], abs=1e-5)
    assert folded > 0


@pytest.mark.parametrize("coefficients", [[0.1] * 3, [0.1] * 6, [np.nan] * 5])
def test_wrong_coefficients_are_refused(coefficients: list[float]) -> None:
    with pytest.raises(ValueError, match="coefficients"):
        BrownConrady(np.array(coefficients))


def test_zeros_are_no_distortion() -> None:
    assert isinstance(make_distortion([0.0] * 5), NoDistortion)
    assert isinstance(make_distortion([]), NoDistortion)
    assert isinstance(make_distortion([0.1, 0, 0, 0]), BrownConrady)
    with pytest.raises(ValueError, match="4, 5, 8, 12 or 14"):
        make_distortion([0.0] * 7)
