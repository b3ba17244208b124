"""Dictionaries {camera: {K, D, RT}} as .json or .npy, as the RenderMe-360 benchmark ships them.

RT is camera-to-world with OpenCV axes in metres, as in the captures; others write the same keys world-to-camera. Both
readings are tried: the optical axes of a capture meet in front of its cameras, and where they do so only the other way,
that reading is taken and named. No image size but where an entry has `width` and `height` (or `W` and `H`).
ZJU-MoCap's annots.npy, {"cams": {K, R, T, D}, "ims": ...} is world-to-camera in millimetres; its cameras are named
after the folders of its pictures, of which some are left out in the numbering. Read only: `renderme360` or `rig`
write the same cameras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.matrices import coefficients_at, extrinsics_at, intrinsics_at
from renderkit.formats.pose_direction import measure_direction
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, Untrusted, field, mapping_at, numbers, size_at
from renderkit.untrusted.pickled_values import load_npy_dictionary
from renderkit.untrusted.pickles import NPY_MAGIC

_SIZES = (("width", "height"), ("W", "H"), ("w", "h"))
_READ = {"K", "D", "RT", *(key for pair in _SIZES for key in pair)}


def matches(content: Content) -> bool:
    """Return True for an .npy file, or JSON whose entries hold K and RT."""
    if content.head.startswith(NPY_MAGIC):
        return True
    value = content.json_or_none
    if not isinstance(value, Mapping) or not value:
        return False
    first = next(iter(value.values()))
    return isinstance(first, Mapping) and {"K", "RT"} <= first.keys()


def read(content: Content) -> RawRig:
    """Read the dictionary."""
    path = content.path
    npy = content.head.startswith(NPY_MAGIC)
    top = mapping_at(load_npy_dictionary(path, content.data) if npy else content.json, path, None)
    if "cams" in top:
        return _read_zju(mapping_at(top["cams"], path, "cams"), _zju_names(top), path)
    entries = {str(name): mapping_at(entry, path, str(name)) for name, entry in top.items()}
    cameras = tuple(_read_camera(name, entry, path) for name, entry in entries.items())
    found = measure_direction(cameras)
    notes = unread_notes(entries.values(), _READ)
    if found.best == "cam_from_world" and found.is_decided:
        cameras = tuple(replace(camera, direction="cam_from_world") for camera in cameras)
        notes = (f"RT is read as cam_from_world, not as RenderMe-360 writes it: {found.evidence}", *notes)
    elif not found.is_decided:
        how = f"as RenderMe-360 has it, for the axes do not decide; {found.evidence}"
        notes = (f"the file does not say which way the poses map: read as world_from_cam ({how})", *notes)
    return RawRig(cameras, path, "m", notes=notes)


def _read_camera(name: str, values: Mapping[str, Untrusted], path: Path) -> RawCamera:
    K = intrinsics_at(field(values, "K", path, f"{name}."), path, f"{name}.K")
    pose = extrinsics_at(field(values, "RT", path, f"{name}."), path, f"{name}.RT")
    lens = coefficients_at(values.get("D"), path, f"{name}.D")
    size = None
    for width, height in _SIZES:
        if width in values or height in values:
            size = size_at(field(values, width, path, f"{name}."), field(values, height, path, f"{name}."), path, name)
            break
    return RawCamera(name, K, pose, "world_from_cam", coefficients=lens, size=size)


def _zju_names(top: Mapping[str, Untrusted]) -> list[str]:
    """Return the folders of the first moment's pictures, Camera_B1/000000.jpg: they are in the cameras' order."""
    moments = top.get("ims")
    first = moments[0] if isinstance(moments, list | np.ndarray) and len(moments) else None
    files = first.get("ims") if isinstance(first, Mapping) else None
    names = [str(one).replace("\\", "/").rpartition("/")[0] for one in files] if isinstance(files, list) else []
    return names if all(names) and len(set(names)) == len(names) else []


def _read_zju(cams: Mapping[str, Untrusted], names: list[str], path: Path) -> RawRig:
    columns = {key: field(cams, key, path, "cams.") for key in ("K", "R", "T", "D")}
    counts = {key: len(value) if hasattr(value, "__len__") else -1 for key, value in columns.items()}
    if len(set(counts.values())) != 1 or -1 in counts.values():
        raise DatasetError(path, "cams", f"K, R, T and D must be lists of one length, found {counts}")
    cameras = []
    names = names if len(names) == counts["K"] else [str(index) for index in range(counts["K"])]
    for index in range(counts["K"]):
        key = f"cams[{index}]."
        rotation = numbers(columns["R"][index], [(3, 3)], path, f"{key}R")
        translation = numbers(columns["T"][index], [(3,), (3, 1), (1, 3)], path, f"{key}T").ravel()
        lens = coefficients_at(columns["D"][index], path, f"{key}D")
        K = intrinsics_at(columns["K"][index], path, f"{key}K")
        cameras.append(RawCamera(names[index], K, pose_matrix(rotation, translation), coefficients=lens))
    return RawRig(tuple(cameras), path, "mm", notes=unread_notes([cams], columns, per=None, where="cams."))


FORMAT = Format(
    name="dictionary",
    title="dictionary {camera: {K, D, RT}} (.json, .npy)",
    matches=matches,
    read_cameras=read,
)
