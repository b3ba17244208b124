"""A camera as numbers: every number has its own place, and the limits hold what they say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.renderers.cpu import camera_numbers
from renderkit.renderers.cpu.camera_numbers import DISC_RADIUS, NEAR, NUM_NUMBERS, SAFE_RADIUS, VALID_RADIUS
from renderkit.renderers.cpu.pack_camera import pack_camera

LENSES: dict[str, Distortion] = {
    "pinhole": NoDistortion(),
    "barrel": BrownConrady(np.array([-0.12, 0.05, 1e-3, -5e-4, 0.0])),
    "fisheye": KannalaBrandt(np.array([0.02, -0.01, 0.003, -0.001])),
}


def camera(lens: Distortion) -> Camera:
    return Camera(np.array([[900.0, 0.0, 480.2], [0.0, 910.0, 350.9], [0.0, 0.0, 1.0]]), 960, 720, lens)


def test_every_number_has_its_own_place() -> None:
    lengths = {"ROTATION": 9, "TRANSLATION": 3, "K1": 14, "TILT": 9}
    others = {"SUBPIXELS", "SNAP_LIMIT", "NUM_NUMBERS", "PINHOLE", "BROWN_CONRADY", "TILTED", "FISHEYE"}
    places = {name: value for name, value in vars(camera_numbers).items() if name.isupper() and name not in others}
    taken = [place + i for name, place in places.items() for i in range(lengths.get(name, 1))]
    assert sorted(taken) == list(range(NUM_NUMBERS))


@pytest.mark.parametrize("name", LENSES)
def test_the_disc_holds_every_ray_that_lands_in_the_picture(name: str) -> None:
    lens, view = LENSES[name], camera(LENSES[name])
    numbers = pack_camera(view, 10.0, silhouette=True)
    border = np.array([[-0.5, -0.5], [959.5, -0.5], [959.5, 719.5], [-0.5, 719.5], [480.0, -0.5], [959.5, 360.0]])
    undistort = cv2.fisheye.undistortPoints if isinstance(lens, KannalaBrandt) else cv2.undistortPoints
    rays = undistort(border[:, None], view.K, lens.coefficients).reshape(-1, 2)
    farthest = float(np.hypot(*rays.T).max())
    assert farthest < numbers[DISC_RADIUS] < 3.0 * farthest
    assert 0.0 < numbers[SAFE_RADIUS] <= numbers[VALID_RADIUS]


def test_a_camera_s_numbers_are_the_caller_s_own_and_the_near_plane_follows_the_reach() -> None:
    view = camera(LENSES["barrel"])
    near = [pack_camera(view, reach, silhouette=True)[NEAR] for reach in (1.0, 1000.0, 1.0)]
    assert near == pytest.approx([1e-10, 1e-7, 1e-10])
    pack_camera(view, 1.0, silhouette=True)[:] = 0.0
    assert pack_camera(view, 1.0, silhouette=True).any()
