from __future__ import annotations

import numpy as np
import pytest

from renderkit.geometry.mesh import Mesh
from renderkit.metrics.visibility import depth_tolerance, visible_points


def _seen(pixel: tuple[float, float], depth: float, image: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bool:
    return bool(visible_points(np.array([pixel]), np.array([depth]), image, 0.01)[0])


def test_a_wall_hides_what_is_behind_it() -> None:
    image = np.full((20, 30), np.inf, np.float32)
    image[:, :15] = 2.0
    assert _seen((5.3, 7.8), 2.0, image)
    assert _seen((5.3, 7.8), 2.009, image)
    assert not _seen((5.3, 7.8), 2.02, image)
    assert _seen((5.3, 7.8), 1.0, image)
    assert _seen((20.0, 7.8), 5.0, image)


def test_a_point_on_the_outline_is_not_hidden_by_its_own_surface() -> None:
    image = np.full((20, 30), np.inf, np.float32)
    image[:, :15] = 2.0
    assert _seen((14.4, 7.0), 2.3, image)
    assert not _seen((13.0, 7.0), 2.3, image)


def test_steep_surfaces_do_not_hide_themselves() -> None:
    """Depth rises by one unit per pixel; every point of the surface is seen without any tolerance."""
    image = np.tile(np.arange(30, dtype=np.float32) + 1.0, (20, 1))
    u = np.linspace(0.0, 29.0, 200)
    pixels = np.column_stack([u, np.full(200, 10.3)])
    assert visible_points(pixels, u + 1.0, image, 1e-5).all()
    assert not visible_points(pixels[:190], u[:190] + 2.1, image, 1e-5).any()


def test_outside_the_image_or_behind_the_camera_is_not_seen() -> None:
    image = np.full((20, 30), np.inf, np.float32)
    for pixel in ((-0.6, 5.0), (29.6, 5.0), (5.0, -0.6), (5.0, 19.6), (np.nan, 5.0)):
        assert not _seen(pixel, 1.0, image)
    for pixel in ((-0.5, -0.5), (29.5, 19.5)):
        assert _seen(pixel, 1.0, image)
    assert not _seen((5.0, 5.0), -1.0, image)
    assert not _seen((5.0, 5.0), float("nan"), image)


def test_tolerance_follows_the_mesh() -> None:
    vertices = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    triangle = Mesh(vertices, np.array([[0, 1, 2]], np.int32))
    assert depth_tolerance(triangle) == pytest.approx(0.01 * 5.0 + 4.0)
    stray = Mesh(np.vstack([vertices, [1e6, 0.0, 0.0]]), triangle.faces)
    assert depth_tolerance(stray) == depth_tolerance(triangle)
    assert depth_tolerance(Mesh(1000 * vertices, triangle.faces)) == pytest.approx(1000 * depth_tolerance(triangle))
    assert depth_tolerance(Mesh(vertices, np.zeros((0, 3), np.int32))) == pytest.approx(0.05)


def test_arguments_are_checked() -> None:
    image = np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match="depths"):
        visible_points(np.zeros((2, 2)), np.zeros(3), image, 0.0)
    with pytest.raises(ValueError, match="tolerance"):
        visible_points(np.zeros((2, 2)), np.zeros(2), image, -1.0)
    with pytest.raises(ValueError, match="depth_image"):
        visible_points(np.zeros((2, 2)), np.zeros(2), image[0], 0.0)
