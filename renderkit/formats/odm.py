"""OpenDroneMap cameras.json (and OpenSfM camera_models.json): OpenSfM's camera models by name, intrinsics only.

Pixels and lenses as in OpenSfM: see `opensfm`. Source: OpenDroneMap, opendm/camera.py (get_cameras_from_opensfm).
"""

from __future__ import annotations

from collections.abc import Mapping

from renderkit.formats.as_stated import RawCamera, RawRig, read_each
from renderkit.formats.format import Format
from renderkit.formats.no_pose import NO_POSE, no_pose_note
from renderkit.formats.opensfm import read_model
from renderkit.untrusted.content import Content, mapping_at


def matches(content: Content) -> bool:
    """Return True for JSON whose entries hold a projection_type."""
    value = content.json_or_none
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(one, Mapping) and "projection_type" in one for one in value.values())


def read(content: Content) -> RawRig:
    """Read the models; the poses are in OpenSfM's reconstruction.json."""
    path = content.path
    top = mapping_at(content.json, path, None)

    def read_camera(name: str) -> RawCamera:
        K, size, model, lens = read_model(mapping_at(top[name], path, name), path, f"{name}.")
        return RawCamera(name, K, NO_POSE, coefficients=lens, model=model, size=size)

    cameras, failed = read_each(top, read_camera)
    note = no_pose_note(len(cameras), "; the poses are in opensfm/reconstruction.json of the project")
    return RawRig(cameras, path, "unknown", notes=(note,), failed=failed, order=tuple(top))


FORMAT = Format(
    name="odm",
    title="OpenDroneMap cameras.json",
    matches=matches,
    read_cameras=read,
)
