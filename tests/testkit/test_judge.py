"""Every slip is planted in a projection function made of OpenCV's own calls, and named."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import root
from scipy.spatial.transform import Rotation

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig
from renderkit.testkit.judge import judge, judge_without_projection, name_slips
from renderkit.testkit.slips import SLIPS
from renderkit.testkit.vectors import PLACES, CameraVectors, make_kit, make_vectors

Array = NDArray[np.float64]
Project = Callable[[Array], Array]


def as_float(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)


def rotation(vector: Array) -> Array:
    return as_float(cv2.Rodrigues(vector)[0])


R = rotation(np.array([0.31, -0.52, 0.17]))
T = np.array([0.13, -0.21, 1.9])
K = np.array([[811.0, 1.7, 331.3], [0.0, 794.0, 222.8], [0.0, 0.0, 1.0]])
D = np.array([-0.21, 0.13, 0.0041, -0.0023, -0.037])
FISHEYE = np.array([0.021, -0.013, 0.0042, -0.0011])
SIZE = (640, 480)
C = -R.T @ T
GL = np.diag([1.0, -1.0, -1.0])

BROWN = make_vectors(Camera(K, *SIZE, BrownConrady(D), Pose(R, T), "brown"), 2.0)
RATIONAL_D = np.append(D, [0.05, -0.03, 0.02])
RATIONAL = make_vectors(Camera(K, *SIZE, BrownConrady(RATIONAL_D), Pose(R, T), "rational"), 2.0)
ROUND = make_vectors(Camera(K, *SIZE, KannalaBrandt(FISHEYE), Pose(R, T), "fisheye"), 2.0)


def brown(points: Array, r: Array = R, t: Array = T, k: Array = K, d: Array = D) -> Array:
    """OpenCV has no skew: it is added from the normalised coordinates."""
    normalised = as_float(cv2.projectPoints(points, cv2.Rodrigues(r)[0], t, np.eye(3), d)[0].reshape(-1, 2))
    x, y = normalised.T
    return np.column_stack([k[0, 0] * x + k[0, 1] * y + k[0, 2], k[1, 1] * y + k[1, 2]])


def k_of(**changes: float) -> Array:
    places = {"fx": (0, 0), "fy": (1, 1), "cx": (0, 2), "cy": (1, 2), "skew": (0, 1)}
    changed = K.copy()
    for name, value in changes.items():
        changed[places[name]] = value
    return changed


def undistorted(points: Array) -> Array:
    """The pixel whose undistorted place is where the distorted one belongs."""
    in_camera = points @ R.T + T
    xy = (in_camera[:, :2] / in_camera[:, 2:]).reshape(-1, 2)

    def distort(ideal: Array) -> Array:
        rays = np.append(ideal, 1.0)[None]
        return as_float(cv2.projectPoints(rays, np.zeros(3), np.zeros(3), np.eye(3), D)[0].ravel())

    ideal = np.array([root(lambda d: distort(d) - wanted, wanted, tol=1e-13).x for wanted in xy])  # noqa: B023
    return np.column_stack([K[0, 0] * ideal[:, 0] + K[0, 1] * ideal[:, 1] + K[0, 2], K[1, 1] * ideal[:, 1] + K[1, 2]])


def twice(points: Array) -> Array:
    in_camera = points @ R.T + T
    once = cv2.projectPoints(in_camera, np.zeros(3), np.zeros(3), np.eye(3), D)[0].reshape(-1, 2)
    return brown(np.column_stack([once, np.ones(len(once))]), np.eye(3), np.zeros(3))


def from_quaternion(w: float, x: float, y: float, z: float) -> Array:
    return as_float(Rotation.from_quat([x, y, z, w]).as_matrix())


QUATERNION = Rotation.from_matrix(R).as_quat()
"""SciPy's order: x, y, z, w."""
X, Y, Z, W = (float(value) if QUATERNION[3] > 0 else -float(value) for value in QUATERNION)


def order(*index: int) -> Array:
    return D[list(index)]


PLANTED: dict[str, Project] = {
    "half pixel": lambda p: brown(p) + 0.5,
    "half pixel, twice": lambda p: brown(p) - 0.5,
    "one pixel": lambda p: brown(p) + 1.0,
    "y up": lambda p: np.column_stack([brown(p)[:, 0], 479.0 - brown(p)[:, 1]]),
    "mirrored": lambda p: np.column_stack([639.0 - brown(p)[:, 0], brown(p)[:, 1]]),
    "row, column": lambda p: brown(p)[:, [1, 0]],
    "normalised": lambda p: brown(p) / np.array([640.0, 480.0]),
    "device coordinates": lambda p: np.column_stack(
        [(brown(p)[:, 0] + 0.5) / 320.0 - 1.0, 1.0 - (brown(p)[:, 1] + 0.5) / 240.0]
    ),
    "whole pixels": lambda p: np.rint(brown(p)),
    "truncated pixels": lambda p: brown(p).astype(np.int64).astype(np.float64),
    "half size": lambda p: brown(p) / 2.0,
    "double size": lambda p: brown(p) * 2.0,
    "OpenGL axes": lambda p: brown(p, GL @ R, GL @ T),
    "inverted extrinsics": lambda p: brown(p, R.T, C),
    "inverted OpenGL extrinsics": lambda p: brown(p, (GL @ R).T, C),
    "transposed R": lambda p: brown(p, R.T, T),
    "R about the centre": lambda p: brown(p, R, C),
    "t as the centre": lambda p: brown(p - T, R, np.zeros(3)),
    "sign of t": lambda p: brown(p, R, -T),
    "t dropped": lambda p: brown(p, R, np.zeros(3)),
    "t in mm": lambda p: brown(p, R, T * 1000.0),
    "t in m": lambda p: brown(p, R, T / 1000.0),
    "quaternion wxyz": lambda p: brown(p, from_quaternion(x=W, y=X, z=Y, w=Z)),
    "quaternion xyzw": lambda p: brown(p, from_quaternion(w=X, x=Y, y=Z, z=W)),
    "world y up": lambda p: brown(p * np.array([1.0, -1.0, -1.0])),
    "world z up": lambda p: brown(np.column_stack([p[:, 0], -p[:, 2], p[:, 1]])),
    "fx and fy exchanged": lambda p: brown(p, k=k_of(fx=K[1, 1], fy=K[0, 0])),
    "one focal length": lambda p: brown(p, k=k_of(fy=K[0, 0])),
    "cx and cy exchanged": lambda p: brown(p, k=k_of(cx=K[1, 2], cy=K[0, 2])),
    "width and height exchanged": lambda p: brown(
        p,
        k=k_of(fx=811.0 * 0.75, skew=1.7 * 0.75, cx=331.3 * 0.75, fy=794.0 / 0.75, cy=222.8 / 0.75),
    ),
    "centred": lambda p: brown(p, k=k_of(cx=319.5, cy=239.5)),
    "no principal point": lambda p: brown(p, k=k_of(cx=0.0, cy=0.0)),
    "skew dropped": lambda p: brown(p, k=k_of(skew=0.0)),
    "distortion dropped": lambda p: brown(p, d=np.zeros(5)),
    "distortion twice": twice,
    "distortion inverted": undistorted,
    "sign of the distortion": lambda p: brown(p, d=-D),
    # What lies third is read as k3, and what lies fourth and fifth as p1 and p2.
    "k1 k2 k3 p1 p2": lambda p: brown(p, d=np.array([D[0], D[1], D[3], D[4], D[2]])),
    "p1 and p2 exchanged": lambda p: brown(p, d=order(0, 1, 3, 2, 4)),
    "tangential dropped": lambda p: brown(p, d=np.array([D[0], D[1], 0.0, 0.0, D[4]])),
    "k3 dropped": lambda p: brown(p, d=D[:4]),
    "k1 only": lambda p: brown(p, d=np.array([D[0], 0.0, 0.0, 0.0])),
}
ROUND_PLANTED: dict[str, Project] = {
    "read as Brown-Conrady": lambda p: brown(p, d=FISHEYE),
    "fisheye polynomial dropped": lambda p: fisheye(p, np.zeros(4)),
}


def fisheye(points: Array, d: Array = FISHEYE) -> Array:
    vector = cv2.Rodrigues(R)[0]
    plain = cv2.fisheye.projectPoints(points.reshape(-1, 1, 3), vector, T, np.eye(3), d)[0].reshape(-1, 2)
    return np.column_stack([K[0, 0] * plain[:, 0] + K[0, 1] * plain[:, 1] + K[0, 2], K[1, 1] * plain[:, 1] + K[1, 2]])


def named(vectors: CameraVectors, project: Project) -> tuple[str, ...]:
    with np.errstate(all="ignore"):
        pixels = project(np.array(vectors.points_world))
    return judge(vectors, pixels).slips


def test_opencv_is_right_wherever_there_is_a_projection() -> None:
    for vectors, project in ((BROWN, brown), (ROUND, fisheye)):
        verdict = judge(vectors, project(np.array(vectors.points_world)))
        assert verdict.passed
        assert verdict.max_error_px < 1e-8


@pytest.mark.parametrize("name", PLANTED)
def test_a_slip_is_named(name: str) -> None:
    assert named(BROWN, PLANTED[name]) == (name,)


@pytest.mark.parametrize("name", ROUND_PLANTED)
def test_a_slip_of_a_fisheye_is_named(name: str) -> None:
    assert named(ROUND, ROUND_PLANTED[name]) == (name,)


def test_a_fisheye_model_for_an_ordinary_lens_is_named() -> None:
    assert named(BROWN, lambda p: fisheye(p, D[:4])) == ("read as fisheye",)


def test_coefficients_after_the_fifth_are_missed() -> None:
    assert named(RATIONAL, brown) == ("five coefficients",)


def test_every_slip_is_planted() -> None:
    planted = {*PLANTED, *ROUND_PLANTED, "read as fisheye", "five coefficients"}
    assert {slip.name for slip in SLIPS} == planted
    assert len(planted) >= 25


def test_two_slips_at_once_are_named() -> None:
    assert "OpenGL axes + distortion dropped" in named(BROWN, lambda p: brown(p, GL @ R, GL @ T, d=np.zeros(5)))
    found = named(BROWN, lambda p: brown(p, R.T, C) + 0.5)
    assert found == ("half pixel + inverted extrinsics",)


def test_what_is_no_known_slip_is_not_given_a_name() -> None:
    assert named(BROWN, lambda p: brown(p, k=k_of(fx=830.0, cx=300.0))) == ()
    random = np.random.default_rng(1)
    noise = random.uniform(0, 480, (len(BROWN.points_world), 2))
    verdict = judge(BROWN, noise)
    assert not verdict.passed
    assert verdict.slips == ()
    assert "none of" in verdict.sentence


def test_nan_for_a_visible_point_is_wrong() -> None:
    pixels = np.array(BROWN.pixels)
    pixels[0] = np.nan
    assert not judge(BROWN, pixels).passed


def test_points_without_a_projection_must_not_be_drawn() -> None:
    folding = make_vectors(Camera(K, *SIZE, BrownConrady(np.array([-0.9, 0.0, 0.0, 0.0])), Pose(R, T), "fold"), 2.0)
    assert np.count_nonzero(folding.among("beyond")) == 24
    drawn = brown(np.array(folding.points_world), d=np.array([-0.9, 0.0, 0.0, 0.0]))
    assert judge(folding, drawn).passed
    assert judge_without_projection(folding, drawn).slips == ("fold-over drawn", "drawn from behind")
    assert judge_without_projection(folding, np.array(folding.pixels)).passed


def test_float32_is_right() -> None:
    pixels = np.array(BROWN.pixels).astype(np.float32).astype(np.float64)
    assert judge(BROWN, pixels).passed


def test_vectors_cover_the_picture_and_know_where_they_lie() -> None:
    kit = make_kit(Rig({"brown": BROWN.camera, "fisheye": ROUND.camera}, "m"))
    for vectors in kit.cameras.values():
        inside = vectors.pixels[vectors.among("grid")]
        assert inside.min(axis=0) == pytest.approx((0.3, 0.3), abs=1e-6)
        assert inside.max(axis=0) == pytest.approx((638.7, 478.7), abs=1e-6)
        corners = vectors.pixels[vectors.among("corner")]
        assert np.ptp(corners, axis=0) == pytest.approx((639.98, 479.98), abs=1e-6)
        assert np.isnan(vectors.pixels[vectors.among("beyond", "behind")]).all()
        assert vectors.among(*PLACES).all()


def test_a_slip_that_a_camera_cannot_show_is_not_named() -> None:
    straight = make_vectors(Camera(k_of(skew=0.0), *SIZE, BrownConrady(D), Pose(R, T), "straight"), 2.0)
    pixels = np.array(straight.pixels) + 0.5
    assert name_slips(straight, pixels) == ("half pixel",)
    assert judge(straight, np.array(straight.pixels)).passed
