"""Kalibr camchain.yaml: cam0 .. camN with chained poses (T_cn_cnm1) or poses against the IMU (T_cam_imu), metres.

T_cn_cnm1 maps camera n-1 to camera n, T_cam_imu the IMU to the camera; OpenCV axes. Pixel (0, 0) is the CENTRE of
the top-left pixel: Kalibr detects corners with OpenCV's cornerSubPix and shifts nothing. Source: Kalibr wiki, "Yaml
formats" and "Supported models": pinhole [fu fv pu pv]; radtan [k1 k2 r1 r2] is OpenCV's k1 k2 p1 p2, equidistant
[k1 .. k4] its fisheye model. The world is the IMU's frame where every camera has T_cam_imu (or T_imu_cam), else cam0's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, UnsupportedLensError, intrinsics, read_each
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    exact,
    field,
    mapping_at,
    numbers,
    size_pair_at,
)
from renderkit.writing import write_text

_LIMITS = Expressible(brown_conrady=4, kannala_brandt=True, skew=False)
_LAST_ROW = np.array([0.0, 0.0, 0.0, 1.0])
_CAM = re.compile(r"cam(\d{1,6})\Z")
_HEAD = re.compile(rb"^cam\d+:", re.MULTILINE)
_READ = {
    "camera_model", "intrinsics", "distortion_model", "distortion_coeffs", "resolution", "T_cn_cnm1", "T_cam_imu",
    "T_imu_cam", "label",
}  # fmt: skip
_HARMLESS = {"rostopic", "cam_overlaps"}
_REFUSED = {
    "omni": "Mei's unified omnidirectional model",
    "ds": "the double sphere model",
    "eucm": "the extended unified model",
}
_LENSES: dict[str, ModelName] = {"radtan": "brown_conrady", "equidistant": "kannala_brandt", "equi": "kannala_brandt"}
_Entries = dict[str, Mapping[str, Untrusted]]


def matches(content: Content) -> bool:
    """Return True for YAML with cam0: and camera_model."""
    return _HEAD.search(content.head) is not None and b"camera_model:" in content.head


def read(content: Content) -> RawRig:
    """Read a camchain; a camera whose model has no counterpart is refused by itself."""
    path = content.path
    top = mapping_at(content.yaml, path, None)
    keys = sorted((key for key in top if _CAM.match(key)), key=lambda key: int(key[3:]))
    entries = {key: mapping_at(top[key], path, key) for key in keys}
    names = {key: str(entries[key].get("label", key)) for key in keys}
    if len(set(names.values())) < len(names):
        names = {key: key for key in keys}
    poses, world = _poses(entries, path)
    back = {name: key for key, name in names.items()}

    def read_camera(name: str) -> RawCamera:
        return _read_camera(name, back[name], entries[back[name]], poses[back[name]], path)

    cameras, failed = read_each(names.values(), read_camera)
    notes = (f"the world is {world}", *unread_notes(entries.values(), _READ, _HARMLESS))
    others = {key: value for key, value in top.items() if key not in entries}
    notes += unread_notes([others], (), per=None)
    return RawRig(cameras, path, "m", notes=notes, failed=failed, order=tuple(names.values()))


def _poses(entries: _Entries, path: Path) -> tuple[dict[str, FloatArray], str]:
    """Return (4, 4) camera-from-world for every camera, and what the world is."""
    if all("T_cam_imu" in entry or "T_imu_cam" in entry for entry in entries.values()):
        return {key: _imu_pose(key, entry, path) for key, entry in entries.items()}, "the IMU's frame (T_cam_imu)"
    poses: dict[str, FloatArray] = {}
    last, before = np.eye(4), ""
    for index, (key, entry) in enumerate(entries.items()):
        if index:
            if int(key[3:]) != int(before[3:]) + 1:
                why = f"the pose leads from cam{int(key[3:]) - 1}, which is not in the file; the chain is broken"
                raise DatasetError(path, f"{key}.T_cn_cnm1", why)
            if "T_cn_cnm1" not in entry:
                why = "the pose is missing: expected T_cn_cnm1 (from the camera before), or T_cam_imu in every camera"
                raise DatasetError(path, f"{key}.T_cn_cnm1", why)
            last = _matrix(entry["T_cn_cnm1"], path, f"{key}.T_cn_cnm1") @ last
        poses[key], before = last, key
    return poses, f"the frame of {next(iter(entries), 'cam0')}"


def _imu_pose(key: str, entry: Mapping[str, Untrusted], path: Path) -> FloatArray:
    if "T_cam_imu" in entry:
        return _matrix(entry["T_cam_imu"], path, f"{key}.T_cam_imu")
    pose = _matrix(entry["T_imu_cam"], path, f"{key}.T_imu_cam")
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = pose[:3, :3].T, -pose[:3, :3].T @ pose[:3, 3]
    return result


def _matrix(value: Untrusted, path: Path, key: str) -> FloatArray:
    return np.vstack([extrinsics_at(value, path, key), _LAST_ROW])


def _read_camera(name: str, key: str, entry: Mapping[str, Untrusted], pose: FloatArray, path: Path) -> RawCamera:
    kind = str(field(entry, "camera_model", path, f"{key}."))
    if kind != "pinhole":
        what = _REFUSED.get(kind, "an unknown model")
        why = f"camera model {kind!r} ({what}) has no counterpart in OpenCV's models; calibrate as pinhole-equi"
        raise UnsupportedLensError(path, f"{key}.camera_model", f"{why} or pinhole-radtan")
    fx, fy, cx, cy = numbers(field(entry, "intrinsics", path, f"{key}."), [(4,)], path, f"{key}.intrinsics")
    size = size_pair_at(entry["resolution"], path, f"{key}.resolution") if "resolution" in entry else None
    model, lens = _lens(entry, key, path)
    return RawCamera(name, intrinsics(fx, fy, cx, cy), pose[:3], coefficients=lens, model=model, size=size)


def _lens(entry: Mapping[str, Untrusted], key: str, path: Path) -> tuple[ModelName, tuple[float, ...]]:
    kind = str(entry.get("distortion_model") or "none")
    if kind == "none":
        return "brown_conrady", ()
    if kind not in _LENSES:
        why = f"distortion model {kind!r} has no counterpart in OpenCV's models; expected radtan, equidistant or none"
        raise UnsupportedLensError(path, f"{key}.distortion_model", why)
    values = numbers(field(entry, "distortion_coeffs", path, f"{key}."), [(4,)], path, f"{key}.distortion_coeffs")
    return _LENSES[kind], tuple(values.tolist())


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write a camchain whose IMU frame is the rig's world; the cameras are cam0 .. in the rig's order."""
    lines: list[str] = []
    before = np.eye(4)
    for index, (name, camera) in enumerate(rig.cameras.items()):
        pose = camera.cam_from_world.matrix
        lines += [f"cam{index}:", f"  label: {_quoted(name, path)}"]
        lines += _matrix_lines("T_cam_imu", pose)
        if index:
            lines += _matrix_lines("T_cn_cnm1", pose @ before)
        before = camera.cam_from_world.inverse().matrix
        lines += _camera_lines(camera, index)
    write_text(path, "\n".join(lines) + "\n")
    renamed = list(rig.cameras) != [f"cam{index}" for index in range(len(rig))]
    return ("the format numbers its cameras cam0, cam1, ...; their names are kept as `label`",) if renamed else ()


def _quoted(name: str, path: Path) -> str:
    if '"' in name or not name.isprintable():
        raise DatasetError(path, name, f"a camchain cannot carry the camera name {name!r}; rename the camera")
    return f'"{name}"'


def _matrix_lines(key: str, matrix: FloatArray) -> list[str]:
    return [f"  {key}:", *(f"  - [{', '.join(exact(value) for value in row)}]" for row in matrix)]


def _camera_lines(camera: Camera, index: int) -> list[str]:
    lens = camera.distortion
    fisheye = lens.model == "kannala_brandt"
    values = lens.coefficients if fisheye else lens.padded[:4] if isinstance(lens, BrownConrady) else np.zeros(4)
    K = camera.K
    return [
        "  camera_model: pinhole",
        f"  distortion_coeffs: [{', '.join(exact(value) for value in values)}]",
        f"  distortion_model: {'equidistant' if fisheye else 'radtan'}",
        f"  intrinsics: [{', '.join(exact(value) for value in (K[0, 0], K[1, 1], K[0, 2], K[1, 2]))}]",
        f"  resolution: [{camera.width}, {camera.height}]",
        f"  rostopic: /cam{index}/image_raw",
    ]


FORMAT = Format(
    name="kalibr",
    title="Kalibr camchain.yaml",
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
    unit="m",
)
