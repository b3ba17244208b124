"""The four ways to read a set of extrinsics, told apart by where the optical axes then meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.geometry.convergence import Convergence, converge

Reading: TypeAlias = Literal["as given", "inverted", "OpenGL axes", "inverted, OpenGL axes"]

READINGS: tuple[Reading, ...] = ("as given", "inverted", "OpenGL axes", "inverted, OpenGL axes")
GOOD_ANGLE_DEG = 15.0
_FLIP = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class ReadExtrinsics:
    """N poses read in one of the four ways.

    Attributes:
        reading: Which way.
        cam_from_world: (N, 3, 4) world-to-camera, OpenCV axes, under that reading.
        convergence: Where the axes then meet.
    """

    reading: Reading
    cam_from_world: FloatArray
    convergence: Convergence

    @property
    def is_good(self) -> bool:
        """True if the axes meet in a point that most cameras look at."""
        return self.convergence.median_angle_deg <= GOOD_ANGLE_DEG


def read_every_way(cam_from_world: FloatArray) -> dict[Reading, ReadExtrinsics]:
    """Read (N, 3, 4) world-to-camera matrices as given, inverted, with OpenGL axes, and both."""
    inverted = invert_poses(cam_from_world)
    flip = _FLIP[None, :, None]
    poses: dict[Reading, FloatArray] = {
        "as given": cam_from_world,
        "inverted": inverted,
        "OpenGL axes": flip * cam_from_world,
        "inverted, OpenGL axes": flip * inverted,
    }
    return {
        reading: ReadExtrinsics(reading, pose, converge(*_centers_and_axes(pose))) for reading, pose in poses.items()
    }


def invert_poses(poses: FloatArray) -> FloatArray:
    """Return the inverses of (N, 3, 4) rigid transforms."""
    turned = poses[:, :, :3].transpose(0, 2, 1)
    moved = -np.einsum("nij,nj->ni", turned, poses[:, :, 3])
    return np.concatenate([turned, moved[:, :, None]], axis=2)


def _centers_and_axes(poses: FloatArray) -> tuple[FloatArray, FloatArray]:
    return invert_poses(poses)[:, :, 3], poses[:, 2, :3]
