"""NeRSemble camera_params.json: {"world_2_cam": {serial: 4x4}, "intrinsics": 3x3 shared by all}, metres.

World-to-camera, OpenCV axes; pictures are undistorted; no image size. Source: the dataset's own data manager.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import extrinsics_at, intrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, field, mapping_at
from renderkit.writing import write_json

_LIMITS = Expressible(shared_intrinsics=True, shared_size=True, size=False)


def matches(content: Content) -> bool:
    """Return True for JSON with world_2_cam and intrinsics."""
    value = content.json_or_none
    return isinstance(value, Mapping) and {"world_2_cam", "intrinsics"} <= value.keys()


def read(content: Content) -> RawRig:
    """Read camera_params.json; intrinsics per serial number are accepted too."""
    path = content.path
    top = mapping_at(content.json, path, None)
    poses = mapping_at(field(top, "world_2_cam", path), path, "world_2_cam")
    given = field(top, "intrinsics", path)
    per_camera = isinstance(given, Mapping)
    cameras = []
    for name, value in poses.items():
        source = field(given, name, path, "intrinsics.") if per_camera else given
        K = intrinsics_at(source, path, f"intrinsics.{name}" if per_camera else "intrinsics")
        pose = extrinsics_at(value, path, f"world_2_cam.{name}")
        cameras.append(RawCamera(name, K, pose))
    notes = unread_notes([top], {"world_2_cam", "intrinsics"}, per=None)
    return RawRig(tuple(cameras), path, "m", notes=notes)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write camera_params.json.

    Raises:
        DatasetError: If the rig is empty.
    """
    first = next(iter(rig), None)
    if first is None:
        raise DatasetError(path, None, "a rig without cameras has no shared intrinsics to write")
    if any(not np.array_equal(camera.K, first.K) for camera in rig):
        raise DatasetError(path, "intrinsics", "the cameras differ in K, but the format shares one")
    poses = {name: camera.cam_from_world.matrix.tolist() for name, camera in rig.cameras.items()}
    write_json(path, {"world_2_cam": poses, "intrinsics": first.K.tolist()}, indent=1)
    return ()


FORMAT = Format(
    name="nersemble",
    title="NeRSemble camera_params.json",
    layout=picture_layout.NERSEMBLE,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
    unit="m",
)
