from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray, Pixels
from renderkit.formats import read_rig
from renderkit.formats.format_capability import Expressible, folds_inside_image, image_grid, lost_share, violations
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.rig import Rig

EVERYTHING = Expressible(brown_conrady=14, kannala_brandt=True)


def pinhole(skew: float = 0.0) -> Camera:
    K = np.array([[1000.0, skew, 499.5], [0.0, 1010.0, 399.5], [0.0, 0.0, 1.0]])
    return Camera(K, 1000, 800)


def test_what_a_format_holds_is_no_violation() -> None:
    lens = BrownConrady(np.linspace(0.001, 0.014, 14))
    assert violations(replace(pinhole(3.0), distortion=lens), EVERYTHING) == ()
    assert violations(replace(pinhole(), distortion=KannalaBrandt(np.zeros(4))), EVERYTHING) == ()


def test_the_loss_of_skew_is_its_shear_at_the_top_edge() -> None:
    (found,) = violations(pinhole(2.0), replace(EVERYTHING, skew=False))
    # Dropping the skew moves a pixel by skew * y, and |y| is largest at the image's upper and lower edge.
    assert found.loss_px == pytest.approx(2.0 * 400.0 / 1010.0)
    assert "skew (this camera: 2 px)" in found.reason


def test_the_loss_of_one_focal_length() -> None:
    (found,) = violations(pinhole(), replace(EVERYTHING, aspect=False))
    # Both become 1005: x moves by 5 * 0.5 and y by 5 * 400 / 1010 at the corner.
    assert found.loss_px == pytest.approx(np.hypot(5.0 * 0.5, 5.0 * 400.0 / 1010.0))


def test_the_loss_of_coefficients_is_measured_against_opencv() -> None:
    lens = np.array([-0.1, 0.02, 0.001, -0.002, 0.03])
    camera = replace(pinhole(), distortion=BrownConrady(lens))
    (found,) = violations(camera, replace(EVERYTHING, brown_conrady=4))
    pixels, _ = image_grid(camera)
    rays = camera.unproject(pixels)
    cut, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), camera.K.copy(), lens[:4])
    assert found.loss_px == pytest.approx(float(np.max(np.linalg.norm(cut[:, 0] - pixels, axis=1))), rel=1e-9)
    assert "first 4 distortion coefficients (this camera has 5" in found.reason


def test_trailing_zeros_are_no_coefficients() -> None:
    camera = replace(pinhole(), distortion=BrownConrady(np.array([-0.1, 0.02, 0.001, 0.0, 0.0, 0.0, 0.0, 0.0])))
    assert violations(camera, replace(EVERYTHING, brown_conrady=4)) == ()


def test_fisheye_against_a_format_without_it() -> None:
    camera = replace(pinhole(), distortion=KannalaBrandt(np.zeros(4)))
    (found,) = violations(camera, Expressible(brown_conrady=14))
    # Equidistant against pinhole: f tan(theta) - f theta at the corner, theta the corner's distorted radius.
    corner = np.array([500.0 / 1000.0, 400.0 / 1010.0])
    theta = float(np.hypot(*corner))
    stretch = np.tan(theta) / theta - 1.0
    assert found.loss_px == pytest.approx(stretch * np.hypot(500.0, 400.0), rel=1e-9)


def test_thirty_two_real_cameras_fold_over_inside_the_image(shared_data: Path) -> None:
    rig = read_rig(shared_data / "renderme360" / "calibration_distorted.json")
    folding = {name for name, camera in rig.cameras.items() if folds_inside_image(camera)}
    # The oracle knows no inverse: it walks outward along the radius with OpenCV's own projection until it turns.
    expected = set()
    for name, camera in rig.cameras.items():
        radii = np.linspace(0.0, 0.8, 8001)
        rays = np.column_stack([radii, np.zeros_like(radii), np.ones_like(radii)])
        lens = camera.distortion.coefficients.copy()
        lens[2:4] = 0.0
        bent, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), np.eye(3), lens)
        curve = bent[:, 0, 0]
        turn = np.flatnonzero(np.diff(curve) < 0.0)
        reach = curve[turn[0]] if turn.size else np.inf
        corners = (np.array([[0, 0], [2447, 0], [0, 2047], [2447, 2047]]) - camera.K[:2, 2]) / np.diag(camera.K)[:2]
        # Tangential terms shift the corner by less than 0.4%; no camera is that near to the limit.
        margin = np.hypot(corners[:, 0], corners[:, 1]).max() / reach - 1.0
        if margin > 0.0:
            expected.add(name)
    assert len(folding) == 32
    assert folding == expected


def test_the_lost_share_is_the_area_outside_the_circle() -> None:
    # Fold-over at r = 1 / sqrt(3 * 1.6), where r (1 - 1.6 r^2) turns over at 2 / 3 of it: 304.29 px.
    camera = replace(pinhole(), K=np.array([[1000.0, 0, 499.5], [0, 1000.0, 399.5], [0, 0, 1]]))
    camera = replace(camera, distortion=BrownConrady(np.array([-1.6, 0.0, 0.0, 0.0])))
    reach = 1000.0 * 2.0 / 3.0 / np.sqrt(4.8)
    assert folds_inside_image(camera)
    assert lost_share(camera) == pytest.approx(1.0 - np.pi * reach**2 / (1000.0 * 800.0), abs=2e-3)


@pytest.mark.parametrize("size", [(16, 6000), (6000, 16), (1000, 800)])
def test_the_grid_follows_the_shape_and_stays_small(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def unproject(_: Camera, pixels: Pixels) -> FloatArray:
        asked.append(len(pixels))
        return np.zeros((len(pixels), 3))

    monkeypatch.setattr(Camera, "unproject", unproject)
    K = np.array([[1000.0, 0, 0.5 * size[0]], [0, 1000.0, 0.5 * size[1]], [0, 0, 1]])
    assert lost_share(Camera(K, *size)) == 0.0
    assert asked[0] <= 120 * 120


def test_the_grid_reaches_the_edges(pinhole_ring: Rig) -> None:
    pixels, (rows, columns) = image_grid(pinhole_ring["00"])
    assert pixels.min(axis=0).tolist() == [-0.5, -0.5]
    assert pixels.max(axis=0).tolist() == [1199.5, 899.5]
    assert len(pixels) == rows * columns
