"""KRT JSON (ava-256, Goliath): {"KRT": [{cameraId, K, T, distortion, width, height}]}, K and T stored TRANSPOSED.

World-to-camera, OpenCV axes, millimetres. Source: the loaders of ava-256 and Goliath, which take np.array(K).T and
np.array(T).T[:3, :4]; Eyeful Tower's metashape_to_krt.py, whose fisheye lenses have k1 k2 k3 k4 t1 t2 p1 p2, and which
puts pixel (0, 0) at the corner (cx = width / 2 + Metashape's cx) and names the camera's `sensorId`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig, UnsupportedLensError, read_each
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import intrinsics_from_corner_origin
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    list_at,
    mapping_at,
    name_at,
    numbers,
    size_at,
)
from renderkit.wording import counted
from renderkit.writing import write_json

_LIMITS = Expressible(brown_conrady=14, kannala_brandt=True)
_MODELS: dict[str, ModelName] = {
    "RadialAndTangential": "brown_conrady",
    "radial-tangential": "brown_conrady",
    "Fisheye": "kannala_brandt",
    "fisheye": "kannala_brandt",
}
_READ = {"cameraId", "K", "T", "distortion", "distortionModel", "projectionModel", "width", "height", "sensorId"}
_HARMLESS = {"sensorMasterId", "cameraMasterId", "frameId"}


def matches(content: Content) -> bool:
    """Return True for JSON with a list under "KRT"."""
    value = content.json_or_none
    return isinstance(value, Mapping) and isinstance(value.get("KRT"), list)


def read(content: Content) -> RawRig:
    """Read a KRT JSON file."""
    path = content.path
    entries = list_at(field(mapping_at(content.json, path, None), "KRT", path), path, "KRT")
    values = [mapping_at(entry, path, f"KRT[{index}]") for index, entry in enumerate(entries)]
    places = [f"KRT[{index}]" for index in range(len(values))]
    ids = [
        name_at(field(entry, "cameraId", path, f"{where}."), path, f"{where}.cameraId")
        for entry, where in zip(values, places, strict=True)
    ]
    # A camera that is named twice is told by the rig's own check.
    by_name = dict(zip(ids, zip(values, places, strict=True), strict=True))
    cameras, failed = read_each(ids, lambda name: _read_camera(name, by_name[name][0], path, by_name[name][1]))
    notes = unread_notes(values, _READ, _HARMLESS)
    corner = sum("sensorId" in entry for entry in values)
    if corner:
        notes = (
            f"pixel (0, 0) of {counted(corner, 'camera')} is read as the corner, as "
            f"Metashape exports (sensorId) have it",
            *notes,
        )
    return RawRig(cameras, path, "mm", notes=notes, failed=failed, order=tuple(ids))


def _read_camera(name: str, values: Mapping[str, Untrusted], path: Path, where: str) -> RawCamera:
    K = numbers(field(values, "K", path, f"{where}."), [(3, 3)], path, f"{where}.K").T
    by_columns = numbers(field(values, "T", path, f"{where}."), [(4, 4), (4, 3)], path, f"{where}.T")
    pose = extrinsics_at(by_columns.T, path, f"{where}.T")
    if "sensorId" in values:
        K = intrinsics_from_corner_origin(K)
    model, lens = _read_lens(values, path, where)
    size = None
    if "width" in values or "height" in values:
        width, height = field(values, "width", path, f"{where}."), field(values, "height", path, f"{where}.")
        size = size_at(width, height, path, f"{where}.width")
    return RawCamera(name, K, pose, coefficients=lens, model=model, size=size)


def _read_lens(values: Mapping[str, Untrusted], path: Path, where: str) -> tuple[ModelName, tuple[float, ...]]:
    lens = numbers(values.get("distortion") or [], [(None,)], path, f"{where}.distortion")
    default = str(values.get("projectionModel", "RadialAndTangential"))
    name = str(values.get("distortionModel", default))
    if name not in _MODELS:
        if not lens.any() and default in _MODELS:
            return _MODELS[default], (0.0,) * 4 if _MODELS[default] == "kannala_brandt" else ()
        why = f"distortion model {name!r} is not supported; expected one of {', '.join(_MODELS)}"
        raise UnsupportedLensError(path, f"{where}.distortionModel", why)
    if _MODELS[name] == "brown_conrady":
        return "brown_conrady", tuple(lens.tolist())
    if lens[4:].any():
        why = f"fisheye coefficients beyond the fourth ({lens[4:].tolist()}) do not exist in the Kannala-Brandt model"
        raise UnsupportedLensError(path, f"{where}.distortion", why)
    return "kannala_brandt", (*lens[:4].tolist(), *[0.0] * (4 - len(lens[:4])))


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write a KRT JSON file; the translation stays in the rig's own unit."""
    entries = [
        {
            "cameraId": name,
            "width": camera.width,
            "height": camera.height,
            "K": camera.K.T.tolist(),
            "T": camera.cam_from_world.matrix.T.tolist(),
            **_lens_of(camera),
        }
        for name, camera in rig.cameras.items()
    ]
    write_json(path, {"KRT": entries}, indent=1)
    return ()


def _lens_of(camera: Camera) -> dict[str, object]:
    lens = camera.distortion
    if lens.model == "kannala_brandt":
        return {"distortionModel": "Fisheye", "distortion": [*lens.coefficients.tolist(), 0.0, 0.0, 0.0, 0.0]}
    coefficients = lens.coefficients if lens.coefficients.size else np.zeros(5)
    return {"distortionModel": "RadialAndTangential", "distortion": coefficients.tolist()}


FORMAT = Format(
    name="krt-json",
    title="KRT JSON (ava-256, Goliath)",
    layout=picture_layout.KRT_JSON,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
    unit="mm",
)
