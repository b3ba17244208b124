"""Open3D's camera JSON: PinholeCameraParameters, PinholeCameraTrajectory and a lone PinholeCameraIntrinsic.

`extrinsic` is world-to-camera, (4, 4), and `intrinsic_matrix` K, (3, 3); both are stored COLUMN by column. OpenCV axes,
no distortion, no unit. Pixel (0, 0) is the CENTRE of the top-left pixel: PinholeCameraIntrinsic of a width takes
cx = (width - 1) / 2. Source: Open3D, cpp/open3d/camera/PinholeCameraParameters.cpp, PinholeCameraIntrinsic.cpp and
cpp/open3d/utility/IJsonConvertible.cpp (EigenMatrix4dToJsonArray).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.no_pose import NO_POSE, no_pose_note
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, Untrusted, field, list_at, mapping_at, numbers, size_at

_HARMLESS = {"class_name", "version_major", "version_minor"}


def matches(content: Content) -> bool:
    """Return True for a class of Open3D's cameras, or for the keys of one: nine numbers of K in a flat list."""
    value = content.json_or_none
    if not isinstance(value, Mapping):
        return False
    if str(value.get("class_name")) in {"PinholeCameraParameters", "PinholeCameraTrajectory"}:
        return True
    flat = value.get("intrinsic_matrix")
    return isinstance(flat, list) and len(flat) == 9 and {"width", "height"} <= value.keys()


def read(content: Content) -> RawRig:
    """Read the views, which are numbered in a trajectory."""
    path = content.path
    top = mapping_at(content.json, path, None)
    if "parameters" in top:
        entries = {str(index): one for index, one in enumerate(list_at(top["parameters"], path, "parameters"))}
    else:
        entries = {path.stem: top if "intrinsic" in top else {"intrinsic": top}}
    views = {name: mapping_at(one, path, name) for name, one in entries.items()}
    cameras = tuple(_read_view(name, view, path) for name, view in views.items())
    notes: tuple[str, ...] = (no_pose_note(1),) if any(camera.pose is NO_POSE for camera in cameras) else ()
    notes += unread_notes(views.values(), {"extrinsic", "intrinsic"}, _HARMLESS)
    return RawRig(cameras, path, "unknown", notes=notes)


def _read_view(name: str, view: Mapping[str, Untrusted], path: Path) -> RawCamera:
    inner = mapping_at(field(view, "intrinsic", path, f"{name}."), path, f"{name}.intrinsic")
    where = f"{name}.intrinsic."
    stored = field(inner, "intrinsic_matrix", path, where)
    K = numbers(stored, [(9,)], path, f"{where}intrinsic_matrix").reshape(3, 3).T
    size = size_at(field(inner, "width", path, where), field(inner, "height", path, where), path, f"{where}width")
    pose = NO_POSE
    if "extrinsic" in view:
        columns = numbers(view["extrinsic"], [(16,)], path, f"{name}.extrinsic").reshape(4, 4)
        pose = extrinsics_at(np.ascontiguousarray(columns.T), path, f"{name}.extrinsic")
    return RawCamera(name, K, pose, size=size)


FORMAT = Format(
    name="open3d",
    title="Open3D camera JSON (parameters, trajectory)",
    matches=matches,
    read_cameras=read,
)
