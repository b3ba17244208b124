"""Where lenses fold, against OpenCV's own Jacobian scanned finely along each direction."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderkit.arrays import FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose

TANGENTIAL = [-0.1, 0.0, 0.01, 0.01]


def opencv_determinant(coefficients: list[float], xy: FloatArray) -> FloatArray:
    """Determinant of the map's Jacobian: that of OpenCV by the translation, which at depth 1 moves the ray itself."""
    points = np.column_stack([xy, np.ones(len(xy))])
    _, slopes = cv2.projectPoints(points, np.zeros(3), np.zeros(3), np.eye(3), np.array(coefficients))
    along = slopes[:, 3:5].reshape(-1, 2, 2)
    return np.asarray(np.linalg.det(along))


def opencv_fold(coefficients: list[float], angle: float, reach: float) -> float:
    """First radius along an angle where that determinant is not positive; inf when there is none within reach."""
    radius = np.linspace(0.0, reach, 20_001)[1:]
    unit = np.array([np.cos(angle), np.sin(angle)])
    folded = np.flatnonzero(opencv_determinant(coefficients, radius[:, None] * unit) <= 0.0)
    return float(radius[folded[0]]) if folded.size else float("inf")


def test_tangential_terms_move_the_fold_along_each_direction() -> None:
    lens = BrownConrady(np.array(TANGENTIAL))
    folds = [opencv_fold(TANGENTIAL, angle, 3.0) for angle in np.linspace(0.0, 2.0 * np.pi, 41)]
    assert max(folds) - min(folds) > 0.25
    assert lens.valid_radius == pytest.approx(min(folds), abs=2e-2)
    assert lens.outer_radius == pytest.approx(max(folds), abs=2e-2)
    for angle, fold in zip(np.linspace(0.0, 2.0 * np.pi, 41), folds, strict=True):
        unit = np.array([[np.cos(angle), np.sin(angle)]])
        assert lens.is_valid((fold - 1e-3) * unit).all()
        assert not lens.is_valid((fold + 1e-3) * unit).any()


def test_a_point_comes_back_or_is_refused_where_tangential_terms_fold() -> None:
    camera = Camera.from_opencv([[600, 0, 960], [0, 600, 540], [0, 0, 1]], TANGENTIAL, Pose.identity(), (1920, 1080))
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-2.2, 2.2, (20_000, 2)), np.ones(20_000)])
    pixels = camera.project(points)
    seen = np.isfinite(pixels).all(axis=1)
    assert 0.5 < seen.mean() < 0.9
    back = camera.unproject(pixels[seen])
    off = np.abs(back - points[seen]).max(axis=1) * 600.0
    assert np.isnan(off).mean() < 1e-3
    # Rounding grows with the inverse of the determinant, which is zero at the fold itself.
    determinant = opencv_determinant(TANGENTIAL, points[seen, :2])
    assert np.nanmax(off * determinant) < 1e-8


def test_real_lenses_fold_where_the_whole_map_does(real_calibration: dict[str, Any]) -> None:
    folded = 0
    for camera in real_calibration.values():
        coefficients = [float(value) for value in np.ravel(camera["D"])]
        lens = BrownConrady(np.array(coefficients))
        folds = [opencv_fold(coefficients, angle, 1.0) for angle in np.arange(8) * np.pi / 4]
        assert lens.valid_radius <= min(folds) + 1e-4
        for angle, fold in zip(np.arange(8) * np.pi / 4, folds, strict=True):
            unit = np.array([[np.cos(angle), np.sin(angle)]])
            assert lens.is_valid((min(fold, 1.0) - 1e-4) * unit).all()
            assert np.isinf(fold) or not lens.is_valid((min(fold, 1.0) + 1e-4) * unit).any()
        folded += np.isfinite(min(folds))
    assert folded > 0


LENSES = st.tuples(
    st.sampled_from([4, 5, 8, 12, 14]),
    st.integers(0, 10_000),
    st.sampled_from([0.3, 1.0, 2.0]),
)


def random_lens(count: int, seed: int, strength: float) -> list[float]:
    """Coefficients of a strong lens; the rational part stays such that some have a pole."""
    rng = np.random.default_rng(seed)
    spread = np.array([0.3, 0.2, 0.01, 0.01, 0.2, 0.2, 0.15, 0.1, 0.01, 0.01, 0.01, 0.01, 0.05, 0.05])
    return [float(value) for value in (rng.normal(size=14) * spread * strength)[:count]]


@settings(max_examples=40, deadline=None)
@given(LENSES)
def test_every_ray_before_the_fold_is_found_again(lens: tuple[int, int, float]) -> None:
    coefficients = random_lens(*lens)
    model = BrownConrady(np.array(coefficients))
    rng = np.random.default_rng(lens[1])
    angle = rng.uniform(0.0, 2.0 * np.pi, 300)
    reach = min(model.outer_radius, 1.5)
    xy = rng.uniform(0.0, reach, (300, 1)) * np.column_stack([np.cos(angle), np.sin(angle)])
    xy = xy[model.is_valid(xy)]
    determinant = opencv_determinant(coefficients, xy)
    assert (determinant > 0.0).all()
    clear = determinant > 0.02
    back = model.undistort(model.distort(xy[clear]))
    # One ray in a hundred thousand of such lenses is not found again.
    assert np.count_nonzero(np.isnan(back[:, 0])) <= 1
    back = np.where(np.isnan(back), xy[clear], back)
    size = np.maximum(np.abs(model.distort(xy[clear])).max(axis=1, initial=0.0), 1.0)
    # Seen along its plane, a tilted sensor magnifies rounding.
    tolerance = 1e-10 if lens[0] == 14 else 2e-13
    assert (np.abs(model.distort(back) - model.distort(xy[clear])).max(axis=1, initial=0.0) <= tolerance * size).all()
