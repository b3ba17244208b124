"""Dictionaries {camera: {K, D, RT}} as .json or .npy, as the RenderMe-360 benchmark ships them.

RT is camera-to-world with OpenCV axes in metres, as in the captures; no image size. ZJU-MoCap's annots.npy,
{"cams": {K, R, T, D}} is world-to-camera in millimetres. Read only: `renderme360` or `rig` write the same cameras.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.matrices import coefficients_at, extrinsics_at, intrinsics_at
from renderkit.untrusted.content import Content, Untrusted, field, mapping_at, numbers
from renderkit.untrusted.pickled_values import load_npy_dictionary
from renderkit.untrusted.pickles import NPY_MAGIC


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
        return _read_zju(mapping_at(top["cams"], path, "cams"), path)
    cameras = tuple(_read_camera(str(name), entry, path) for name, entry in top.items())
    return RawRig(cameras, path, "m")


def _read_camera(name: str, entry: Untrusted, path: Path) -> RawCamera:
    values = mapping_at(entry, path, name)
    K = intrinsics_at(field(values, "K", path, f"{name}."), path, f"{name}.K")
    pose = extrinsics_at(field(values, "RT", path, f"{name}."), path, f"{name}.RT")
    lens = coefficients_at(values.get("D"), path, f"{name}.D")
    return RawCamera(name, K, pose, "world_from_cam", coefficients=lens)


def _read_zju(cams: Mapping[str, Untrusted], path: Path) -> RawRig:
    columns = {key: field(cams, key, path, "cams.") for key in ("K", "R", "T", "D")}
    counts = {key: len(value) if hasattr(value, "__len__") else -1 for key, value in columns.items()}
    if len(set(counts.values())) != 1 or -1 in counts.values():
        raise DatasetError(path, "cams", f"K, R, T and D must be lists of one length, found {counts}")
    cameras = []
    for index in range(counts["K"]):
        key = f"cams[{index}]."
        rotation = numbers(columns["R"][index], [(3, 3)], path, f"{key}R")
        translation = numbers(columns["T"][index], [(3,), (3, 1), (1, 3)], path, f"{key}T").ravel()
        lens = coefficients_at(columns["D"][index], path, f"{key}D")
        K = intrinsics_at(columns["K"][index], path, f"{key}K")
        cameras.append(RawCamera(str(index), K, pose_matrix(rotation, translation), coefficients=lens))
    return RawRig(tuple(cameras), path, "mm")


FORMAT = Format(
    name="dictionary",
    title="dictionary {camera: {K, D, RT}} (.json, .npy)",
    matches=matches,
    read_cameras=read,
)
