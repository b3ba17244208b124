"""OpenMVG sfm_data.json: views, intrinsics and extrinsics with a world-to-camera rotation and the camera's centre.

Rotations are lists of rows. focal_length and principal_point are px; pixel (0, 0) is the CENTRE of the top-left pixel,
as of OpenMVG's feature detectors. pinhole_radial_k1 and _k3 are OpenCV's k1 k2 k3, pinhole_brown_t2 [k1 k2 k3 t1 t2]
has t1 and t2 for OpenCV's p1 and p2, fisheye is its fisheye model. Source: OpenMVG,
src/openMVG/cameras (Camera_Pinhole_Radial_io.hpp, Camera_Pinhole_Brown.hpp distoFunction, Camera_Pinhole_Fisheye.hpp)
and src/openMVG/sfm/sfm_data_io_cereal.cpp; cereal states a class's name once, with the number that stands for it later.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import (
    RawCamera,
    RawRig,
    UnsupportedLensError,
    intrinsics,
    pose_from_center,
    read_each,
)
from renderkit.formats.format import Format
from renderkit.formats.names import names_from_pictures
from renderkit.formats.unread import unread_notes
from renderkit.geometry.lens_model import ModelName
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    list_at,
    mapping_at,
    name_at,
    number,
    numbers,
    size_at,
)
from renderkit.wording import counted

_NAMED = 0x80000000
"""cereal sets this bit in the number of a class whose name stands beside it."""

_LENSES = {"pinhole": "", "pinhole_radial_k1": "disto_k1", "pinhole_radial_k3": "disto_k3",
           "pinhole_brown_t2": "disto_t2", "fisheye": "fisheye"}  # fmt: skip
_READ = {"width", "height", "focal_length", "principal_point", "value0", *_LENSES.values()}

_Entries = dict[str, Mapping[str, Untrusted]]


def matches(content: Content) -> bool:
    """Return True for JSON with sfm_data_version."""
    value = content.json_or_none
    return isinstance(value, Mapping) and {"sfm_data_version", "views"} <= value.keys()


def read(content: Content) -> RawRig:
    """Read the views that have a pose; the others were not reconstructed, and are counted."""
    path = content.path
    top = mapping_at(content.json, path, None)
    views = list(_held(top, "views", path).values())
    models, poses = _held(top, "intrinsics", path), _entries(top, "extrinsics", path)
    if not poses:
        raise DatasetError(path, "extrinsics", "the file has no pose; take the sfm_data.json of the reconstruction")
    posed = [view for view in views if str(view.get("id_pose")) in poses]
    files = [name_at(view.get("filename", index), path, f"views[{index}].filename") for index, view in enumerate(posed)]
    names = names_from_pictures(files)
    by_name = dict(zip(names, posed, strict=True))

    def read_view(name: str) -> RawCamera:
        view = by_name[name]
        identity, pose_id = str(view.get("id_intrinsic")), str(view["id_pose"])
        model = field(models, identity, path, "intrinsics.")
        return _read_view(name, model, poses[pose_id], (path, identity, pose_id))

    cameras, failed = read_each(by_name, read_view)
    left = len(views) - len(posed)
    notes: tuple[str, ...] = (
        (f"left out, as they have no pose: {left} of {counted(len(views), 'view')}",) if left else ()
    )
    notes += unread_notes(models.values(), _READ, {"kind"}, per="lens")
    return RawRig(cameras, path, "unknown", notes=notes, failed=failed, order=names)


def _entries(top: Mapping[str, Untrusted], key: str, path: Path) -> _Entries:
    """Return what a map of cereal holds, by key."""
    found: _Entries = {}
    for index, one in enumerate(list_at(top.get(key) or [], path, key)):
        pair = mapping_at(one, path, f"{key}[{index}]")
        value = field(pair, "value", path, f"{key}[{index}].")
        found[str(field(pair, "key", path, f"{key}[{index}]."))] = mapping_at(value, path, f"{key}[{index}].value")
    return found


def _held(top: Mapping[str, Untrusted], key: str, path: Path) -> _Entries:
    """Return the data of pointers to classes, with the class's name as "kind"."""
    kinds: dict[int, str] = {}
    found: _Entries = {}
    for name, value in _entries(top, key, path).items():
        where = f"{key}.{name}."
        identity = int(number(value.get("polymorphic_id", 0), path, f"{where}polymorphic_id"))
        if "polymorphic_name" in value:
            kinds[identity & ~_NAMED] = str(value["polymorphic_name"])[:60]
        wrapper = mapping_at(field(value, "ptr_wrapper", path, where), path, f"{where}ptr_wrapper")
        data = mapping_at(field(wrapper, "data", path, f"{where}ptr_wrapper."), path, f"{where}ptr_wrapper.data")
        inner = data.get("value0")  # the base class, where it is stored by itself
        found[name] = {
            **(inner if isinstance(inner, Mapping) else {}),
            **data,
            "kind": kinds.get(identity & ~_NAMED, ""),
        }
    return found


def _read_view(
    name: str, model: Mapping[str, Untrusted], pose: Mapping[str, Untrusted], at: tuple[Path, str, str]
) -> RawCamera:
    path, identity, pose_id = at
    where, key = f"intrinsics.{identity}.", f"extrinsics.{pose_id}."
    focal = number(field(model, "focal_length", path, where), path, f"{where}focal_length")
    cx, cy = numbers(field(model, "principal_point", path, where), [(2,)], path, f"{where}principal_point").tolist()
    size = size_at(field(model, "width", path, where), field(model, "height", path, where), path, f"{where}width")
    rotation = numbers(field(pose, "rotation", path, key), [(3, 3)], path, f"{key}rotation")
    center = numbers(field(pose, "center", path, key), [(3,)], path, f"{key}center")
    lens_model, lens = _lens(model, path, where)
    K = intrinsics(focal, focal, cx, cy)
    return RawCamera(name, K, pose_from_center(rotation, center), coefficients=lens, model=lens_model, size=size)


def _lens(model: Mapping[str, Untrusted], path: Path, where: str) -> tuple[ModelName, tuple[float, ...]]:
    kind = str(model["kind"])
    if kind not in _LENSES:
        why = f"the lens {kind!r} has no counterpart in OpenCV's models; expected {', '.join(_LENSES)}"
        raise UnsupportedLensError(path, f"{where}polymorphic_name", why)
    key = _LENSES[kind]
    if not key:
        return "brown_conrady", ()
    count = {"disto_k1": 1, "disto_k3": 3, "disto_t2": 5, "fisheye": 4}[key]
    values = numbers(field(model, key, path, where), [(count,)], path, f"{where}{key}").tolist()
    if key == "fisheye":
        return "kannala_brandt", tuple(values)
    k1, k2, k3, t1, t2 = [*map(float, values), *[0.0] * (5 - count)]
    return "brown_conrady", (k1, k2, t1, t2, k3)


FORMAT = Format(
    name="openmvg",
    title="OpenMVG sfm_data.json",
    matches=matches,
    read_cameras=read,
)
