"""MVHumanNet: camera_extrinsics.json {picture: {rotation, translation}} beside camera_intrinsics.json {"intrinsics"}.

World-to-camera, OpenCV axes, millimetres; one K for all cameras, of the pictures at full size, no distortion, no image
size. A camera is named after the end of its key: 1_CC32871A059.png is CC32871A059. Pixel (0, 0) is taken as the CENTRE
of the top-left pixel. Source: MVHumanNet, visual_smpl/mytools/camera_utils.py, which multiplies translations by
camera_scale / 1000 for the fitted meshes.
"""

from __future__ import annotations

from collections.abc import Mapping

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix, read_each
from renderkit.formats.format import Format
from renderkit.formats.matrices import intrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, field, mapping_at, numbers

_INNER, _OUTER = "camera_intrinsics.json", "camera_extrinsics.json"
_NOTE = (
    "K is that of the pictures at full size (images_lr/ has half of it); camera_scale.pkl is not applied: a fitted "
    "mesh is in this world after multiplication by 1000 / camera_scale"
)


def matches(content: Content) -> bool:
    """Return True for a folder with both files, or camera_extrinsics.json of rotations and translations."""
    outer = _outer(content)
    if outer is None or not outer.path.with_name(_INNER).is_file():
        return False
    value = outer.json_or_none
    first = next(iter(value.values()), None) if isinstance(value, Mapping) else None
    return isinstance(first, Mapping) and {"rotation", "translation"} <= first.keys()


def _outer(content: Content) -> Content | None:
    if content.is_folder:
        return Content(content.path / _OUTER) if content.has(_OUTER) else None
    return content if content.path.name == _OUTER else None


def read(content: Content) -> RawRig:
    """Read the cameras."""
    outer = _outer(content)
    if outer is None:
        raise DatasetError(content.path, None, f"expected {_OUTER} or its folder")
    path, inner = outer.path, outer.path.with_name(_INNER)
    top = mapping_at(Content(inner).json, inner, None)
    K = intrinsics_at(field(top, "intrinsics", inner), inner, "intrinsics")
    entries = mapping_at(outer.json, path, None)
    short = {key: key.rsplit(".", 1)[0].rsplit("_", 1)[-1] for key in entries}
    keys = {name: key for key, name in short.items()}
    keys = keys if len(keys) == len(short) else {key: key for key in short}

    def read_camera(name: str) -> RawCamera:
        key = keys[name]
        entry = mapping_at(entries[key], path, key)
        rotation = numbers(field(entry, "rotation", path, f"{key}."), [(3, 3)], path, f"{key}.rotation")
        shapes = [(3,), (3, 1), (1, 3)]
        place = numbers(field(entry, "translation", path, f"{key}."), shapes, path, f"{key}.translation").ravel()
        return RawCamera(name, K, pose_matrix(rotation, place))

    cameras, failed = read_each(keys, read_camera)
    stated = [entry for entry in entries.values() if isinstance(entry, Mapping)]
    notes = (_NOTE, *unread_notes(stated, {"rotation", "translation"}), *unread_notes([top], {"intrinsics"}, per=None))
    return RawRig(cameras, content.path, "mm", notes=notes, failed=failed, order=tuple(keys))


FORMAT = Format(
    name="mvhumannet",
    title="MVHumanNet camera_extrinsics.json",
    matches=matches,
    read_cameras=read,
    unit="mm",
)
