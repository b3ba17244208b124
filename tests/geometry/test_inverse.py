"""The inverse on real lenses whose polynomial folds inside the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.inverse import LensMap, invert
from renderkit.geometry.pose import Pose

SIZE = (2448, 2048)


def real_camera(name: str, values: dict[str, Any]) -> Camera:
    return Camera.from_opencv(values["K"], values["D"], Pose.from_matrix(values["RT"]).inverse(), SIZE, name)


def test_pixels_come_back_within_a_billionth_of_a_pixel(real_calibration: dict[str, Any]) -> None:
    pixels = np.random.default_rng(0).uniform(0.0, 1.0, (2000, 2)) * SIZE
    for name, values in real_calibration.items():
        camera = real_camera(name, values)
        rays = camera.unproject(pixels)
        reached = np.isfinite(rays).all(axis=1)
        assert reached.mean() > 0.7
        assert np.abs(camera.project_cam(rays[reached]) - pixels[reached]).max() < 1e-9


def test_exactly_the_cameras_that_fold_inside_the_image_lose_corner_pixels(real_calibration: dict[str, Any]) -> None:
    corners = np.array([[0, 0], [SIZE[0] - 1, 0], [0, SIZE[1] - 1], [SIZE[0] - 1, SIZE[1] - 1]], dtype=np.float64)
    lost = [
        name
        for name, values in real_calibration.items()
        if np.isnan(real_camera(name, values).unproject(corners)).any()
    ]
    assert len(lost) == 32


def test_pixels_that_no_ray_reaches_are_those_beyond_the_turning_point(real_calibration: dict[str, Any]) -> None:
    """A dense forward scan of the undistorted plane marks which pixels are reached at all."""
    camera = real_camera("44", real_calibration["44"])
    reach = camera.distortion.valid_radius
    angle, radius = np.meshgrid(np.linspace(0, 2 * np.pi, 721), np.linspace(0, reach, 400))
    bent = camera.distortion.distort(
        np.column_stack([(radius * np.cos(angle)).ravel(), (radius * np.sin(angle)).ravel()])
    )
    rim = bent.reshape(400, 721, 2)[-1]
    outside = rim * 1.01
    inside = rim * 0.98
    assert np.isnan(camera.distortion.undistort(outside)).any(axis=1).all()
    assert np.isfinite(camera.distortion.undistort(inside)).all()


def test_the_centre_is_found() -> None:
    camera = Camera.from_opencv(
        np.array([[500.0, 0.0, 100.0], [0.0, 500.0, 80.0], [0.0, 0.0, 1.0]]),
        [-0.2, 0.05, 0, 0],
        Pose.identity(),
        (201, 161),
    )
    assert np.allclose(camera.unproject([[100.0, 80.0]]), [[0.0, 0.0, 1.0]], atol=1e-15)


@pytest.mark.parametrize("tilted", [False, True])
def test_no_ray_of_a_strong_lens_is_lost(tilted: bool) -> None:
    """Rational, tangential, prism and tilt terms far beyond a real lens's: each valid ray is found from its pixel."""
    rng = np.random.default_rng(5)
    lost, off, count = 0, 0.0, 0
    for _ in range(40):
        coefficients = np.zeros(14 if tilted else 12)
        coefficients[[0, 1, 4, 5, 6, 7]] = rng.normal(0.0, 0.3, 6)
        coefficients[2:4], coefficients[8:12] = rng.normal(0.0, 0.02, 2), rng.normal(0.0, 0.03, 4)
        coefficients[12:] = rng.normal(0.0, 0.15, 2 * tilted)
        lens = BrownConrady(coefficients)
        radius = min(lens.valid_radius, 2.0) * np.sqrt(rng.uniform(0.0, 0.96, 300))
        angle = rng.uniform(0.0, 2.0 * np.pi, 300)
        rays = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        rays = rays[lens.is_valid(rays) & (np.linalg.det(lens.jacobian(rays)) > 1e-3)]
        bent = lens.distort(rays)
        rays, bent = rays[np.abs(bent).max(axis=1) < 50.0], bent[np.abs(bent).max(axis=1) < 50.0]
        found = lens.undistort(bent)
        lost += int(np.isnan(found).any(axis=1).sum())
        whole = ~np.isnan(found[:, 0])
        off = max(off, float(np.abs(lens.distort(found[whole]) - bent[whole]).max()))
        count += len(rays)
    assert count > 8000
    assert lost == 0
    assert off < 1e-11


@pytest.mark.parametrize("k3", [-0.6, 1e9, 1e20, -1e20])
@pytest.mark.parametrize("p2", [0.0, 65537.0, 1e20, -1e20])
def test_a_lens_without_room_gives_a_ray_or_none(k3: float, p2: float) -> None:
    lens = BrownConrady(np.array([-0.1, 0.2, 0.0, p2, k3]))
    assert lens.valid_radius >= 0.0
    pixels = np.array([[0.1, 0.2], [-0.3, 0.1], [1.0, 1.0]])
    rays = lens.undistort(pixels)
    reached = np.isfinite(rays).all(axis=1)
    np.testing.assert_allclose(lens.distort(rays[reached]), pixels[reached], atol=1e-9)


@pytest.mark.parametrize(
    "coefficients",
    [
        (-0.1154, 0.2785, 7.94e-4, 65537.0, -0.622),
        (1504.0, -246.4, -0.0014, 15920.0),
        (0.0004, 0.0, 0.0, 89860.0, -87000.0),
        (-8.127, -1375.0, -134000.0, 6.64),
        (0.0, 40240.0, 198600.0, -7347000.0, 4.379, 0.0, 48.61, 4.291e13),
        (25170.0, -24.5, 6e-4, 3.6, -2.6e10, -4.6e-4, 0.13, 171.8, -3.3e6, -32.2, -1.2e13, 1.4),
    ],
)
def test_rays_of_absurd_lenses_are_not_searched_for_ever(coefficients: tuple[float, ...]) -> None:
    lens = BrownConrady(np.array(coefficients))
    mapped = 0

    def distort(points: FloatArray) -> FloatArray:
        nonlocal mapped
        mapped += len(points)
        return lens.distort(points)

    rng = np.random.default_rng(0)
    bent = rng.uniform(-0.5, 0.5, (2000, 2))
    found = invert(bent, LensMap(distort, lens.jacobian, lens._radial_curve, lens._domain))
    # 12,960 rays of rim and grid; Newton from the radius, then from three rays of the grid.
    assert mapped <= 15_000 + 110 * len(bent)
    there = np.isfinite(found).all(axis=1)
    assert lens.is_valid(found[there]).all()
    np.testing.assert_allclose(lens.distort(found[there]), bent[there], atol=1e-12)
