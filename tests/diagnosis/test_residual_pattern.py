"""Patterns of residuals: each slip of amount is named, with its size, and undone by the corrected camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from renderkit.diagnosis.residual_pattern import corrected_camera, find_pattern
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose

_K = [[1200.0, 0.0, 305.0], [0.0, 1210.0, 250.0], [0.0, 0.0, 1.0]]
_POINTS = np.random.default_rng(4).uniform([-0.2, -0.15, 0.95], [0.15, 0.2, 1.05], (73, 3))


def _camera(K: ArrayLike = _K, pose: Pose | None = None, lens: tuple[float, ...] = ()) -> Camera:
    return Camera.from_opencv(K, lens, pose or Pose.identity(), (612, 512), "x")


def _turned(axis: list[float], degrees: float) -> Camera:
    return _camera(pose=Pose.from_rotation_vector(np.radians(degrees) * np.array(axis), np.zeros(3)))


def _shifted(dx: float, dy: float, focal: float = 1.0) -> Camera:
    K = np.array(_K)
    K[:2, 2] += dx, dy
    K[:2, :2] *= focal
    return _camera(K)


@pytest.mark.parametrize(
    ("written", "terms", "words"),
    [
        (_shifted(1.6, 1.2), ("shift",), "principal point, a small rotation about x or y"),
        (_shifted(0.5, 0.5), ("shift",), "half a pixel on both axes"),
        (_shifted(0.0, 0.0, 1.01), ("scale",), "focal length too long"),
        (_shifted(0.0, 0.0, 0.99), ("scale",), "focal length too short"),
        (_turned([0, 0, 1], 0.7), ("roll",), "rotation about the optical axis"),
        (_turned([0, 1, 0], 0.3), ("shift",), "small rotation about x or y"),
        (_camera(pose=Pose(np.eye(3), np.array([0.005, 0.0, 0.0]))), ("shift",), "sideways translation"),
        (_camera(lens=(0.6, 0.0, 0.0, 0.0, 0.0)), ("radial",), "lens distortion"),
        (_shifted(3.0, 0.0, 1.02), ("shift", "scale"), "focal length too long"),
    ],
)
def test_each_slip_is_named_and_undone(written: Camera, terms: tuple[str, ...], words: str) -> None:
    noise = np.random.default_rng(5).normal(0.0, 0.3, (73, 2))
    captured = _camera().project(_POINTS) + noise
    found = find_pattern(captured, written.project(_POINTS) - captured, written)
    assert found is not None
    assert found.terms == terms
    assert words in found.sentence
    assert found.remaining_px < 0.6
    left = corrected_camera(written, found).project(_POINTS) - captured
    assert float(np.sqrt((left**2).sum(axis=1).mean())) < 0.6


def test_sizes_are_right() -> None:
    exact = _camera().project(_POINTS)
    shift = find_pattern(exact, _shifted(1.6, -1.2).project(_POINTS) - exact, _camera())
    assert shift is not None
    assert shift.shift_px == pytest.approx((1.6, -1.2))
    scale = find_pattern(exact, _shifted(0, 0, 1.01).project(_POINTS) - exact, _camera())
    assert scale is not None
    assert scale.scale == pytest.approx(0.01)
    square = _camera([[1200.0, 0.0, 305.0], [0.0, 1200.0, 250.0], [0.0, 0.0, 1.0]])
    rolled = replace(square, cam_from_world=Pose.from_rotation_vector([0.0, 0.0, np.radians(0.5)], np.zeros(3)))
    before = square.project(_POINTS)
    roll = find_pattern(before, rolled.project(_POINTS) - before, rolled)
    assert roll is not None
    assert roll.roll_deg == pytest.approx(0.5, rel=0.01)
    assert roll.explained > 0.999
    lens = _camera(lens=(0.05, 0.0, 0.0, 0.0, 0.0))
    bent = find_pattern(exact, lens.project(_POINTS) - exact, lens)
    assert bent is not None
    assert bent.terms == ("radial",)
    assert bent.radial == pytest.approx(0.05, rel=0.02)
    assert corrected_camera(lens, bent).distortion.coefficients[0] == pytest.approx(0.0, abs=0.001)


def test_scatter_is_not_explained() -> None:
    pixels = _camera().project(_POINTS)
    found = find_pattern(pixels, np.random.default_rng(6).normal(0.0, 20.0, pixels.shape), _camera())
    assert found is not None
    assert found.terms == ()
    assert "they scatter" in found.sentence


def test_too_little_says_nothing() -> None:
    pixels = _camera().project(_POINTS)
    assert find_pattern(pixels[:5], np.ones((5, 2)), _camera()) is None
    assert find_pattern(pixels, np.zeros_like(pixels), _camera()) is None
    assert find_pattern(pixels, np.full_like(pixels, np.nan), _camera()) is None
