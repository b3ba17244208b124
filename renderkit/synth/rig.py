"""Rigs like those of the real datasets: where the cameras stand, how they look, how their lenses bend.

The RenderMe-360 rig follows the public calibration's pattern: ids 0 to 51 are columns of three cameras (above, level,
below) every 20 degrees, 52 to 59 a second level ring; the columns with ids 18 to 32 face the subject.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.synth.placement import RENDERME360_PLACEMENT, Placement

LensKind: TypeAlias = Literal["none", "modest", "folding"]
"""No distortion; a mild one; or one whose radial curve turns over inside the picture's corners, as in real files."""

FULL_SIZE = (2448, 2048)
NUM_RENDERME360 = 60
LANDMARK_IDS = range(18, 33)
"""RenderMe-360 cameras that have 2D landmarks."""

_FOCAL_PX = 4700.0
_FRONT_ORDER = (25, 28, 31, 22, 24, 29, 19, 26, 27, 32, 21, 23, 30, 20, 18)
_AROUND_ORDER = (13, 40, 4, 46, 52, 10, 34, 1, 37, 49, 7, 43, 16, 58, 55)
_RINGS = ((-1.14, 1.09), (-0.57, 1.25), (0.0, 1.13))
"""Height (world y, m) and horizontal distance (m) of the cameras above, level and below."""


def renderme360_rig(num_cameras: int, size: tuple[int, int], lens: LensKind, seed: int) -> dict[str, Camera]:
    """Return cameras by zero-padded id, in order; with fewer than 60, three fifths stand in front of the subject.

    Args:
        num_cameras: 1 to 60.
        size: (width, height) in px; the focal length scales with the width.
        lens: How strongly the lenses bend.
        seed: The rig's own irregularities.

    Raises:
        ValueError: If the number is not within 1 and 60.
    """
    if not 1 <= num_cameras <= NUM_RENDERME360:
        raise ValueError(f"num_cameras: expected 1 to {NUM_RENDERME360}, got {num_cameras}")
    front = min(len(_FRONT_ORDER), -(-3 * num_cameras // 5))
    around = [*_AROUND_ORDER, *(i for i in range(NUM_RENDERME360) if i not in {*_AROUND_ORDER, *_FRONT_ORDER})]
    ids = sorted([*_FRONT_ORDER[:front], *around[: num_cameras - front]])
    return {f"{camera_id:02d}": _renderme360_camera(camera_id, size, lens, seed) for camera_id in ids}


def facescape_rig(
    num_cameras: int, size: tuple[int, int], lens: LensKind, placement: Placement, seed: int
) -> dict[str, Camera]:
    """Return views by index, spread over the sphere around the head, each with its own picture size.

    Args:
        num_cameras: 1 to 100.
        size: (width, height) in px of an upright view of the largest kind.
        lens: How strongly the lenses bend.
        placement: Where the head stands.
        seed: The rig's own irregularities.

    Raises:
        ValueError: If the number is not within 1 and 100.
    """
    if not 1 <= num_cameras <= 100:
        raise ValueError(f"num_cameras: expected 1 to 100, got {num_cameras}")
    cameras = {}
    for index in range(num_cameras):
        rng = np.random.default_rng([seed, index, 3])
        # Golden-angle spiral: near the front first, the back of the head last.
        turn = np.pi * ((index * 0.618034) % 1.0 * 2.0 - 1.0) * min(1.0, 0.35 + 0.75 * index / num_cameras)
        lift = np.deg2rad(-28.0 + 70.0 * ((index * 0.754878 + 0.4) % 1.0))
        head = np.array([np.sin(turn) * np.cos(lift), np.sin(lift), np.cos(turn) * np.cos(lift)])
        distance = rng.uniform(950.0, 1150.0)
        center = placement.apply((head * distance)[None])[0]
        target = placement.apply(rng.normal(0.0, 6.0, (1, 3)) + np.array([0.0, -15.0, -5.0]))[0]
        width, height = _facescape_size(size, index)
        focal = distance / 390.0 * min(width, height) * rng.uniform(0.98, 1.02)
        K = np.array(
            [[focal, 0.0, width / 2 - 0.5], [0.0, focal * rng.normal(1.0, 1e-3), height / 2 - 0.5], [0, 0, 1.0]]
        )
        K[:2, 2] += rng.normal(0.0, 0.006 * width, 2)
        pose = _look_at(center, target, placement.up, rng.normal(0.0, np.deg2rad(2.0)))
        corner = float(np.hypot(width, height)) / 2.0 / focal
        coefficients = _lens(lens, corner, rng)
        cameras[str(index)] = Camera.from_opencv(K, coefficients, pose, (width, height), str(index))
    return cameras


def _renderme360_camera(camera_id: int, size: tuple[int, int], lens: LensKind, seed: int) -> Camera:
    rng = np.random.default_rng([seed, camera_id, 1])
    if camera_id < 52:
        turn, (height, reach) = np.deg2rad(10.0 + 20.0 * (camera_id // 3)), _RINGS[camera_id % 3]
    else:
        turn, (height, reach) = np.deg2rad(30.0 + 45.0 * (camera_id - 52)), (-0.45, 1.08)
    wobble = rng.normal(0.0, 0.02, 3)
    # Column 0 stands behind the subject, who faces -Z.
    center = np.array([reach * np.sin(turn), height, reach * np.cos(turn)]) + wobble
    target = RENDERME360_PLACEMENT.apply(rng.normal(0.0, 9.0, (1, 3)) + np.array([0.0, -42.0, 0.0]))[0]
    scale_x, scale_y = size[0] / FULL_SIZE[0], size[1] / FULL_SIZE[1]
    focal = _FOCAL_PX + rng.normal(0.0, 12.0)
    center_px = np.array([1223.5, 1040.0]) + rng.normal(0.0, [24.0, 14.0])
    K = np.array([[focal, 0.0, center_px[0]], [0.0, focal + rng.normal(0.0, 2.0), center_px[1]], [0.0, 0.0, 1.0]])
    K[0] *= scale_x
    K[1] *= scale_y
    K[:2, 2] += [0.5 * scale_x - 0.5, 0.5 * scale_y - 0.5]
    pose = _look_at(center, target, RENDERME360_PLACEMENT.up, rng.normal(0.0, np.deg2rad(1.2)))
    corner = float(np.hypot(*FULL_SIZE)) / 2.0 / _FOCAL_PX
    return Camera.from_opencv(K, _lens(lens, corner, rng), pose, size, f"{camera_id:02d}")


def _lens(kind: LensKind, corner: float, rng: np.random.Generator) -> FloatArray:
    """Return (5,) coefficients k1 k2 p1 p2 k3 whose effect at radius `corner` is like that of a real lens."""
    share = rng.uniform(-1.0, 1.0, 5)
    # The bend at the corner, relative to its radius, of each radial term.
    if kind == "none":
        return np.zeros(5)
    k1 = (-0.016 + 0.005 * share[0]) / corner**2
    k2 = (0.003 + 0.002 * share[1]) / corner**4
    k3 = 0.001 * share[4] / corner**6
    if kind == "folding":
        # With k3 this negative, 1 + 3 k1 r^2 + 5 k2 r^4 + 7 k3 r^6 vanishes between 0.85 and 1.75 corners.
        turn = corner * rng.uniform(0.85, 1.75)
        k2 = 0.03 / corner**4
        k3 = -(1.0 + 3.0 * k1 * turn**2 + 5.0 * k2 * turn**4) / (7.0 * turn**6)
    return np.array([k1, k2, 8e-4 * share[2], 8e-4 * share[3], k3])


def _look_at(center: FloatArray, target: FloatArray, up: FloatArray, roll: float) -> Pose:
    """Return the cam_from_world pose of a camera at `center` that looks at `target`, rolled about its axis."""
    z = (target - center) / np.linalg.norm(target - center)
    x = np.cross(z, up)
    x /= np.linalg.norm(x)
    level = np.stack([x, np.cross(z, x), z])
    cosine, sine = np.cos(roll), np.sin(roll)
    rotation = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]]) @ level
    return Pose(rotation, -rotation @ center)


def _facescape_size(size: tuple[int, int], index: int) -> tuple[int, int]:
    """Return a view's (width, height): full, or smaller with another aspect, some lying on their side."""
    width, height = size
    kinds = ((width, height), (width, height), (round(0.8 * width), round(0.9 * height)), (height, width))
    return kinds[index % len(kinds)]
