"""Which way poses map, where a format does not say: the optical axes of a capture meet in front of its cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from renderkit.formats.as_stated import PoseDirection, RawCamera, pose_from_center
from renderkit.geometry.convergence import converge

_CLEAR_DEG = 20.0
"""A reading is refuted where the cameras look past their meeting point by this much more than under the other one."""

_CONVERGE_DEG = 15.0
"""Only cameras that look at one point this closely tell anything."""

_MIN_CAMERAS = 3
_MAX_LENGTH = 1e100


@dataclass(frozen=True)
class DirectionTest:
    """Both readings of the poses of one rig.

    Attributes:
        best: The reading under which the cameras look more at one point.
        is_decided: Whether it is better beyond doubt.
        evidence: Both angles, for a note.
    """

    best: PoseDirection
    is_decided: bool
    evidence: str


def measure_direction(cameras: Sequence[RawCamera]) -> DirectionTest:
    """Read the poses both ways, and measure how far the cameras look past the point where their axes meet."""
    angles: dict[PoseDirection, float] = {}
    for direction in ("world_from_cam", "cam_from_world"):
        angles[direction] = _median_angle_deg([replace(camera, direction=direction) for camera in cameras])
    return _compared(angles, len(cameras))


def _median_angle_deg(cameras: Sequence[RawCamera]) -> float:
    """Return how far the cameras look past the point where their axes meet."""
    poses = np.array([camera.cam_from_world for camera in cameras]).reshape(-1, 3, 4)
    centers = -np.einsum("nij,ni->nj", poses[:, :, :3], poses[:, :, 3])
    # Beyond this, squares of lengths overflow.
    measurable = bool((np.abs(poses) < _MAX_LENGTH).all())
    return converge(centers, poses[:, 2, :3]).median_angle_deg if measurable else 180.0


def _compared(angles: dict[PoseDirection, float], count: int) -> DirectionTest:
    best: PoseDirection = "world_from_cam"
    if angles["cam_from_world"] < angles["world_from_cam"]:
        best = "cam_from_world"
    seen = ", ".join(f"{name} {angle:.1f} deg" for name, angle in angles.items())
    gap = abs(angles["cam_from_world"] - angles["world_from_cam"])
    is_decided = count >= _MIN_CAMERAS and angles[best] < _CONVERGE_DEG and gap > _CLEAR_DEG
    return DirectionTest(best, is_decided, f"median angle off the meeting point: {seen}")


def with_direction_by_evidence(cameras: Sequence[RawCamera]) -> tuple[tuple[RawCamera, ...], str]:
    """Return cameras of a file that states no direction, and a note: world-to-camera, as OpenCV, unless refuted."""
    found = measure_direction(cameras)
    best: PoseDirection = found.best if found.is_decided else "cam_from_world"
    how = found.evidence if found.is_decided else f"as OpenCV has it, for the axes do not decide; {found.evidence}"
    note = f"the file does not say which way the poses map: read as {best} ({how})"
    return tuple(replace(camera, direction=best) for camera in cameras), note


def with_center_by_evidence(cameras: Sequence[RawCamera]) -> tuple[tuple[RawCamera, ...], str]:
    """Return cameras whose pose is [R | centre], with R read as the axes support it, and a note.

    R alone is world-to-camera, as OpenCV has it, unless refuted.
    """
    turned = [
        replace(one, pose=pose_from_center(one.pose[:, :3], one.pose[:, 3]), direction="cam_from_world")
        for one in cameras
    ]
    straight = [replace(one, direction="world_from_cam") for one in cameras]
    found = _compared(
        {"world_from_cam": _median_angle_deg(straight), "cam_from_world": _median_angle_deg(turned)}, len(cameras)
    )
    best: PoseDirection = found.best if found.is_decided else "cam_from_world"
    how = found.evidence if found.is_decided else f"as OpenCV has it, for the axes do not decide; {found.evidence}"
    note = f"the file states centres and does not say which way R maps: read as {best} ({how})"
    return tuple(turned if best == "cam_from_world" else straight), note
