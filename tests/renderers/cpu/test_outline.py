"""The traced outline against edges projected by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.pose import Pose
from renderkit.images.outlines import Segments
from renderkit.renderers.cpu import CpuRenderer

LENS = [-0.25, 0.08, 1e-3, -8e-4, 0.01]


def _camera(turn: tuple[float, float, float] = (0.3, -0.4, 0.1)) -> Camera:
    K = np.array([[760.0, 0.0, 321.3], [0.0, 770.0, 243.1], [0.0, 0.0, 1.0]])
    return Camera.from_opencv(
        K, LENS, Pose.from_rotation_vector(np.array(turn), np.array([0.1, -0.05, 4.0])), (640, 480)
    )


def _projected(camera: Camera, points: FloatArray) -> FloatArray:
    rotation = cv2.Rodrigues(camera.cam_from_world.R)[0]
    pixels, _ = cv2.projectPoints(points, rotation, camera.cam_from_world.t, camera.K, np.array(LENS))
    return np.asarray(pixels.reshape(-1, 2), np.float64)


def _distances(points: FloatArray, segments: FloatArray | Segments) -> FloatArray:
    """Return each point's distance to the nearest of (N, 4) segments."""
    start, end = segments[:, :2].astype(float), segments[:, 2:].astype(float)
    along = end - start
    t = ((points[:, None] - start) * along).sum(axis=2) / np.maximum((along**2).sum(axis=1), 1e-12)
    nearest = start + np.clip(t, 0.0, 1.0)[:, :, None] * along
    return np.asarray(np.linalg.norm(points[:, None] - nearest, axis=2).min(axis=1))


@pytest.mark.parametrize("turn", [(0.3, -0.4, 0.1), (0.0, 0.0, 0.0), (0.0, 0.0, 0.6)])
@pytest.mark.parametrize("scale", [1.0, 0.65, 0.25])
def test_a_card_is_outlined_along_its_projected_edges(turn: tuple[float, float, float], scale: float) -> None:
    camera = _camera(turn)
    size = (round(640 * scale), round(480 * scale))
    corners = np.array([[-0.9, -0.7, 0.0], [1.0, -0.7, 0.0], [1.0, 0.8, 0.0], [-0.9, 0.8, 0.0]])
    grid = np.linspace(0.0, 1.0, 41)[:, None]
    sides = [corners[i] + grid * (corners[(i + 1) % 4] - corners[i]) for i in range(4)]
    card = Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))
    with CpuRenderer(1) as renderer:
        segments = renderer.trace_outline(card, camera.scaled(size))
    ratio = np.array(size) / (640, 480)
    # Corners are cut inside of one pixel: a pixel away from them the sides are exact.
    sides_px = [ratio * (_projected(camera, side) + 0.5) - 0.5 for side in sides]
    corner_px = np.array([side[0] for side in sides_px])
    points = np.concatenate([side[1:-1] for side in sides_px])
    points = points[np.linalg.norm(points[:, None] - corner_px, axis=2).min(axis=1) > 1.5]
    assert _distances(points, segments).max() < 0.05
    pairs = np.concatenate([np.hstack([side[:-1], side[1:]]) for side in sides_px])
    ends = segments.reshape(-1, 2).astype(float)
    assert _distances(ends, pairs).max() < 0.05


def test_only_what_borders_the_background_is_outlined() -> None:
    # A small card in front of a large one: its edges are contours of the mesh, but not of the silhouette.
    large = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
    vertices = np.concatenate([large, 0.3 * large - [0.0, 0.0, 0.5]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    with CpuRenderer(1) as renderer:
        both = renderer.trace_outline(Mesh(vertices, faces), _camera())
        one = renderer.trace_outline(Mesh(large, faces[:2]), _camera())
        np.testing.assert_array_equal(both, one)


def test_a_mesh_beside_the_picture_has_no_outline() -> None:
    with CpuRenderer(1) as renderer:
        far = Mesh(np.array([[90.0, 0.0, 0.0], [91.0, 0.0, 0.0], [90.0, 1.0, 0.0]]), np.array([[0, 1, 2]]))
        assert renderer.trace_outline(far, _camera()).shape == (0, 4)
