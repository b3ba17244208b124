"""The compiled projection against OpenCV's, for every model of a lens."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import pytest

from renderkit.arrays import FloatArray
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.geometry.pose import Pose
from renderkit.renderers.cpu.camera_numbers import SUBPIXELS
from renderkit.renderers.cpu.lens import BLOCK, INVALID, OK, is_folded, land, pixel_of, project_vertices
from renderkit.renderers.cpu.pack_camera import pack_camera

RATIONAL: Final = [0.1, -0.02, 5e-4, 3e-4, 0.01, 0.2, -0.01, 0.0, 1e-3, 0.0, -1e-3, 0.0]
LENSES: Final[dict[str, Distortion]] = {
    "pinhole": NoDistortion(),
    "rational": BrownConrady(np.array(RATIONAL)),
    "tilted": BrownConrady(np.array([*RATIONAL, 0.03, -0.02])),
    "fisheye": KannalaBrandt(np.array([0.02, -0.01, 0.003, -0.001])),
}
K: Final = np.array([[900.0, 0.7, 480.2], [0.0, 910.0, 350.9], [0.0, 0.0, 1.0]])
POSE: Final = Pose.from_rotation_vector(np.array([0.3, -0.4, 0.1]), np.array([0.1, -0.05, 4.0]))


def opencv_pixels(points_world: FloatArray, lens: Distortion) -> FloatArray:
    """(N, 2) px by OpenCV's lens; the skew, which it knows nothing of, is applied here."""
    rotation, _ = cv2.Rodrigues(POSE.R)
    objects, identity = points_world[:, None], np.eye(3)
    if isinstance(lens, KannalaBrandt):
        bent, _ = cv2.fisheye.projectPoints(objects, rotation, POSE.t, identity, lens.coefficients)
    else:
        bent, _ = cv2.projectPoints(objects, rotation, POSE.t, identity, lens.coefficients)
    bent = bent.reshape(-1, 2)
    return np.asarray(np.column_stack([bent, np.ones(len(bent))]) @ K[:2].T)


def project(points_world: FloatArray, lens: Distortion) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return px of the snapped and (u, v, 1 / z) of the exact corners, and the states."""
    numbers = pack_camera(Camera(K, 960, 720, lens, POSE), 10.0, silhouette=False)
    count = len(points_world)
    snapped, exact = np.empty((count, 2), np.int32), np.empty((count, 3), np.float32)
    state, block = np.empty(count, np.uint8), np.empty((4, BLOCK))
    project_vertices(numbers, np.ascontiguousarray(points_world.T), snapped, exact, state, block, 0, count)
    return snapped / SUBPIXELS, exact.astype(np.float64), state.astype(np.float64)


@pytest.mark.parametrize("name", LENSES)
def test_vertices_land_where_opencv_puts_them(name: str) -> None:
    points = np.random.default_rng(3).uniform(-1.0, 1.0, (2 * BLOCK + 77, 3))
    snapped, exact, state = project(points, LENSES[name])
    truth = opencv_pixels(points, LENSES[name])
    assert (state == OK).all()
    assert np.abs(snapped - truth).max() <= 0.5 / SUBPIXELS + 1e-9
    assert np.abs(exact[:, :2] - truth).max() < 1e-4
    depth = (points @ POSE.R.T + POSE.t)[:, 2]
    assert np.abs(exact[:, 2] * depth - 1.0).max() < 1e-6


def test_vertices_behind_the_camera_are_invalid_and_lie_at_the_origin() -> None:
    points = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -9.0]])
    snapped, exact, state = project(points, LENSES["rational"])
    assert state.tolist() == [OK, INVALID]
    assert not snapped[1].any()
    assert not exact[1].any()


@pytest.mark.parametrize("name", LENSES)
def test_many_points_land_on_the_same_bits_as_one(name: str) -> None:
    numbers = pack_camera(Camera(K, 960, 720, LENSES[name], POSE), 10.0, silhouette=True)
    rays = np.random.default_rng(5).uniform(-0.4, 0.4, (300, 2))
    us, vs = rays[:, 0].copy(), rays[:, 1].copy()
    land(numbers, us, vs)
    assert [pixel_of(numbers, x, y) for x, y in rays.tolist()] == list(zip(us.tolist(), vs.tolist(), strict=True))


def test_a_lens_is_folded_where_opencv_s_map_turns_over() -> None:
    coefficients = np.array([-0.3, -0.6, 0.0, 0.0, -2.0])
    numbers = pack_camera(Camera(K, 960, 720, BrownConrady(coefficients), POSE), 10.0, silhouette=True)
    angles = np.linspace(0.1, 6.0, 7)
    found, truth = [], []
    for radius in np.linspace(0.05, 1.5, 59):
        for x, y in radius * np.column_stack([np.cos(angles), np.sin(angles)]):
            at = np.array([[x - 5e-7, y, 1.0], [x + 5e-7, y, 1.0], [x, y - 5e-7, 1.0], [x, y + 5e-7, 1.0]])
            bent, _ = cv2.projectPoints(at, np.zeros(3), np.zeros(3), np.eye(3), coefficients)
            left, right, above, below = bent.reshape(4, 2)
            truth.append(bool(np.linalg.det([right - left, below - above]) <= 0.0))
            found.append(is_folded(numbers, float(x), float(y)))
    assert found == truth
    assert 50 < sum(truth) < len(truth) - 50
