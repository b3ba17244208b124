"""rig.json: renderkit's own format, which states every camera exactly. The schema is in docs/rigs.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import extrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.rig import UNITS, Rig, Unit
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    list_at,
    mapping_at,
    numbers,
    size_at,
)
from renderkit.writing import write_json

FORMAT_NAME = "renderkit-rig"
VERSION = 1
_MODELS: dict[str, ModelName] = {
    "none": "none",
    "brown_conrady": "brown_conrady",
    "kannala_brandt": "kannala_brandt",
}
_AXES = "opencv"
_PIXEL_ORIGIN = "center of the top-left pixel"
_READ_ONCE = {"format", "version", "unit", "axes", "pixel_origin", "cameras"}
_READ = {"name", "width", "height", "K", "distortion", "cam_from_world"}
_READ_LENS = {"model", "coefficients"}
_UNITS: dict[str, Unit] = {one: one for one in UNITS}


def matches(content: Content) -> bool:
    """Return True for JSON whose "format" is ours."""
    value = content.json_or_none
    return isinstance(value, Mapping) and value.get("format") == FORMAT_NAME


def read(content: Content) -> RawRig:
    """Read rig.json."""
    path = content.path
    top = mapping_at(content.json, path, None)
    if top.get("format") != FORMAT_NAME:
        raise DatasetError(path, "format", f"expected {FORMAT_NAME!r}, found {top.get('format')!r}")
    version = field(top, "version", path)
    if version != VERSION:
        raise DatasetError(path, "version", f"expected {VERSION}, found {version!r}; a newer renderkit may read it")
    unit = top.get("unit", "unknown")
    if not isinstance(unit, str) or unit not in _UNITS:
        raise DatasetError(path, "unit", f"expected one of {', '.join(_UNITS)}, found {unit!r}")
    for key, expected in (("axes", _AXES), ("pixel_origin", _PIXEL_ORIGIN)):
        if top.get(key, expected) != expected:
            raise DatasetError(path, key, f"expected {expected!r}, found {str(top[key])[:40]!r}")
    found = list_at(field(top, "cameras", path), path, "cameras")
    entries = [mapping_at(entry, path, f"cameras[{index}]") for index, entry in enumerate(found)]
    cameras = tuple(_read_camera(entry, path, f"cameras[{index}]") for index, entry in enumerate(entries))
    lenses = [entry["distortion"] for entry in entries if "distortion" in entry]
    notes = (
        *unread_notes([top], _READ_ONCE, per=None),
        *unread_notes(entries, _READ),
        *unread_notes(lenses, _READ_LENS, where="distortion."),
    )
    return RawRig(cameras, path, _UNITS[unit], notes=notes)


def _read_camera(values: Mapping[str, Untrusted], path: Path, where: str) -> RawCamera:
    lens = mapping_at(values.get("distortion", {"model": "none"}), path, f"{where}.distortion")
    model = lens.get("model")
    if not isinstance(model, str) or model not in _MODELS:
        raise DatasetError(path, f"{where}.distortion.model", f"expected one of {', '.join(_MODELS)}, found {model!r}")
    coefficients = numbers(lens.get("coefficients", []), [(None,)], path, f"{where}.distortion.coefficients")
    name = field(values, "name", path, f"{where}.")
    if not isinstance(name, str):
        raise DatasetError(path, f"{where}.name", f"expected text, found {name!r}")
    return RawCamera(
        name=name,
        K=numbers(field(values, "K", path, f"{where}."), [(3, 3)], path, f"{where}.K"),
        pose=extrinsics_at(field(values, "cam_from_world", path, f"{where}."), path, f"{where}.cam_from_world"),
        coefficients=tuple(coefficients.tolist()),
        model=_MODELS[model],
        size=size_at(
            field(values, "width", path, f"{where}."),
            field(values, "height", path, f"{where}."),
            path,
            f"{where}.width",
        ),
    )


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write rig.json."""
    cameras = [
        {
            "name": name,
            "width": camera.width,
            "height": camera.height,
            "K": camera.K.tolist(),
            "distortion": {"model": camera.distortion.model, "coefficients": camera.distortion.coefficients.tolist()},
            "cam_from_world": camera.cam_from_world.matrix[:3].tolist(),
        }
        for name, camera in rig.cameras.items()
    ]
    top = {
        "format": FORMAT_NAME,
        "version": VERSION,
        "unit": rig.unit,
        "axes": _AXES,
        "pixel_origin": _PIXEL_ORIGIN,
        "cameras": cameras,
    }
    write_json(path, top, indent=1)
    return ()


FORMAT = Format(
    name="rig",
    title="renderkit rig.json",
    layout=picture_layout.RIG_JSON,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=Expressible(brown_conrady=14, kannala_brandt=True),
)
