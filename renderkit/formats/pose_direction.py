"""Which way poses map, where a format does not say: the optical axes of a capture meet in front of its cameras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.formats.as_stated import PoseDirection, RawCamera, pose_from_center
from renderkit.geometry.convergence import converge

_CLEAR_DEG = 20.0
"""A reading is refuted where the cameras look past their meeting point by this much more than under the other one."""

_CONVERGE_DEG = 15.0
"""Only cameras that look at one point this closely tell anything."""

_MIN_CAMERAS = 3
_MAX_LENGTH = 1e100
_CENTER = "R and centre"


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
    """Read the poses, of cameras with OpenCV axes, both ways, and measure how far the cameras look past one point."""
    stated = _poses(cameras)
    ways: tuple[PoseDirection, ...] = ("world_from_cam", "cam_from_world")
    angles = [_median_angle_deg(stated if way == "cam_from_world" else _inverted(stated)) for way in ways]
    _, is_decided, evidence = _compared(dict(zip(map(str, ways), angles, strict=True)), len(cameras))
    return DirectionTest(ways[int(np.argmin(angles))], is_decided, evidence)


def _poses(cameras: Sequence[RawCamera]) -> FloatArray:
    """Return (N, 3, 4), as the file states them."""
    return np.array([camera.pose for camera in cameras]).reshape(-1, 3, 4)


def _inverted(poses: FloatArray) -> FloatArray:
    """Return (N, 3, 4) inverses; a rotation is inverted by its transpose."""
    turned = poses[:, :, :3].transpose(0, 2, 1)
    return np.concatenate([turned, -np.einsum("nij,nj->ni", turned, poses[:, :, 3])[:, :, None]], axis=2)


def _from_centers(poses: FloatArray) -> FloatArray:
    """Return (N, 3, 4) cam_from_world of (N, 3, 4) [R | centre]."""
    places = -np.einsum("nij,nj->ni", poses[:, :, :3], poses[:, :, 3])
    return np.concatenate([poses[:, :, :3], places[:, :, None]], axis=2)


def _median_angle_deg(poses: FloatArray) -> float:
    """Return how far cameras of these (N, 3, 4) cam_from_world look past the point where their axes meet."""
    # Beyond this, squares of lengths overflow.
    if not (np.abs(poses) < _MAX_LENGTH).all():
        return 180.0
    centers = -np.einsum("nij,ni->nj", poses[:, :, :3], poses[:, :, 3])
    return converge(centers, poses[:, 2, :3]).median_angle_deg


def _compared(angles: Mapping[str, float], count: int) -> tuple[str, bool, str]:
    """Return the reading with the smallest angle, whether it is so beyond doubt, and the angles in words."""
    best, second = sorted(angles, key=angles.__getitem__)[:2]
    seen = ", ".join(f"{name} {angle:.1f} deg" for name, angle in angles.items())
    gap = angles[second] - angles[best]
    is_decided = count >= _MIN_CAMERAS and angles[best] < _CONVERGE_DEG and gap > _CLEAR_DEG
    return best, is_decided, f"median angle off the meeting point: {seen}"


def with_direction_by_evidence(
    cameras: Sequence[RawCamera], *, or_center: bool = False, is_usually_center: bool = False
) -> tuple[tuple[RawCamera, ...], str]:
    """Return cameras of a file that states no direction, and a note: world-to-camera, as OpenCV, unless refuted.

    Args:
        cameras: Cameras with OpenCV axes whose poses are as the file states them.
        or_center: Whether the fourth column may be the camera's centre, with a world-to-camera rotation.
        is_usually_center: Whether that is what the program that has such keys writes.
    """
    stated = _poses(cameras)
    with np.errstate(over="ignore", invalid="ignore"):
        readings = {"world_from_cam": _inverted(stated), "cam_from_world": stated}
        readings |= {_CENTER: _from_centers(stated)} if or_center else {}
        usual, whose = (_CENTER, "Human3.6M") if or_center and is_usually_center else ("cam_from_world", "OpenCV")
        best, how = _chosen(readings, usual, whose)
    directed = _turned(cameras) if best == _CENTER else _read_as(cameras, best)
    return directed, f"the file does not say which way the poses map: read as {best} ({how})"


def with_center_by_evidence(cameras: Sequence[RawCamera]) -> tuple[tuple[RawCamera, ...], str]:
    """Return cameras whose pose is [R | centre], with R read as the axes support it, and a note.

    R alone is world-to-camera, as OpenCV has it, unless refuted.
    """
    stated = _poses(cameras)
    with np.errstate(over="ignore", invalid="ignore"):
        readings = {"world_from_cam": _inverted(stated), "cam_from_world": _from_centers(stated)}
        best, how = _chosen(readings, "cam_from_world", "OpenCV")
    directed = _turned(cameras) if best == "cam_from_world" else _read_as(cameras, best)
    return directed, f"the file states centres and does not say which way R maps: read as {best} ({how})"


def _read_as(cameras: Sequence[RawCamera], name: str) -> tuple[RawCamera, ...]:
    way: PoseDirection = "world_from_cam" if name == "world_from_cam" else "cam_from_world"
    return tuple(one if one.direction == way else replace(one, direction=way) for one in cameras)


def _turned(cameras: Sequence[RawCamera]) -> tuple[RawCamera, ...]:
    """Return cameras whose pose is a world-to-camera rotation and the camera's centre."""
    return tuple(
        replace(one, pose=pose_from_center(one.pose[:, :3], one.pose[:, 3]), direction="cam_from_world")
        for one in cameras
    )


def _chosen(readings: Mapping[str, FloatArray], usual: str, whose: str) -> tuple[str, str]:
    """Return the reading that the axes support, or the usual one, and why."""
    angles = {name: _median_angle_deg(poses) for name, poses in readings.items()}
    best, is_decided, evidence = _compared(angles, len(readings[usual]))
    return (best, evidence) if is_decided else (usual, f"as {whose} has it, for the axes do not decide; {evidence}")
