"""KRT JSON (ava-256, Goliath): {"KRT": [{cameraId, K, T, distortion, width, height}]}, K and T stored TRANSPOSED.

World-to-camera, OpenCV axes, millimetres. Source: the loaders of ava-256 and Goliath, which take np.array(K).T and
np.array(T).T[:3, :4].
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.errors import CalibrationError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.geometry.distortion import ModelName
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, Untrusted, field, list_at, mapping_at, numbers, size_at, write_json

_LIMITS = Expressible(brown_conrady=14)
_MODELS: dict[str, ModelName] = {"radial-tangential": "brown_conrady", "fisheye": "kannala_brandt"}


def matches(content: Content) -> bool:
    """Return True for JSON with a list under "KRT"."""
    value = content.json_or_none
    return isinstance(value, Mapping) and isinstance(value.get("KRT"), list)


def read(content: Content) -> RawRig:
    """Read a KRT JSON file."""
    path = content.path
    entries = list_at(field(mapping_at(content.json, path, None), "KRT", path), path, "KRT")
    cameras = tuple(_read_camera(entry, path, f"KRT[{index}]") for index, entry in enumerate(entries))
    return RawRig(cameras, path, "mm")


def _read_camera(entry: Untrusted, path: Path, where: str) -> RawCamera:
    values = mapping_at(entry, path, where)
    name = str(field(values, "cameraId", path, f"{where}."))
    K = numbers(field(values, "K", path, f"{where}."), [(3, 3)], path, f"{where}.K").T
    pose = numbers(field(values, "T", path, f"{where}."), [(4, 4), (4, 3)], path, f"{where}.T").T[:3]
    lens = numbers(values.get("distortion") or [], [(None,)], path, f"{where}.distortion")
    model = str(values.get("distortionModel", "radial-tangential"))
    if model not in _MODELS and lens.any():
        why = f"distortion model {model!r} is not supported; expected one of {', '.join(_MODELS)}"
        raise CalibrationError(path, f"{where}.distortionModel", why)
    size = None
    if "width" in values or "height" in values:
        width, height = field(values, "width", path, f"{where}."), field(values, "height", path, f"{where}.")
        size = size_at(width, height, path, f"{where}.width")
    return RawCamera(
        name, K, pose, coefficients=tuple(lens.tolist()), model=_MODELS.get(model, "brown_conrady"), size=size
    )


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write a KRT JSON file; the translation stays in the rig's own unit."""
    entries = [
        {
            "cameraId": name,
            "width": camera.width,
            "height": camera.height,
            "K": camera.K.T.tolist(),
            "T": camera.cam_from_world.matrix.T.tolist(),
            "distortionModel": "radial-tangential",
            "distortion": (
                camera.distortion.coefficients if camera.distortion.coefficients.size else np.zeros(5)
            ).tolist(),
        }
        for name, camera in rig.cameras.items()
    ]
    write_json(path, {"KRT": entries})
    return ()


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
