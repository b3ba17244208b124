"""Meshroom / AliceVision cameras.sfm (JSON): world-to-camera rotation stored COLUMN by column, camera centre.

focalLength (mm) against sensorWidth (36 mm where the file has none) gives fx, since version 1.2.11 fy; principalPoint
counts from (w / 2, h / 2); pixel (0, 0) is the CENTRE of the top-left pixel: AliceVision's features and textures are
sampled at whole numbers. Numbers may be text. Source: AliceVision, src/aliceVision/sfmDataIO/jsonIO.cpp
(loadIntrinsic with its versions, and saveMatrix, which walks Eigen matrices by columns) and
src/aliceVision/camera/IntrinsicScaleOffset.cpp. radialk1, radialk3 and brown are OpenCV's k1, k1 k2 k3 and k1 k2 k3
t1 t2, fisheye4 its fisheye model; radialk3pt, fisheye1 and the anamorphic lenses have no counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, UnsupportedLensError, intrinsics, pose_from_center, read_each
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

_DEFAULT_SENSOR_MM = 36.0
_OFFSET_SINCE, _FOCAL_XY_SINCE, _FOCAL_MM_SINCE, _RATIO_FIXED = (1, 2, 1), (1, 2, 0), (1, 2, 2), (1, 2, 5)
_FOCAL_OF_Y_SINCE = (1, 2, 11)
_READ = {
    "intrinsicId", "width", "height", "sensorWidth", "type", "distortionType", "focalLength", "pxFocalLength",
    "pixelRatio", "principalPoint", "distortionParams",
}  # fmt: skip
_HARMLESS = {
    "sensorHeight", "serialNumber", "initializationMode", "initialFocalLength", "pxInitialFocalLength", "locked",
    "pixelRatioLocked", "scaleLocked", "offsetLocked", "distortionLocked", "distortionInitializationMode",
    "undistortionOffset", "undistortionParams", "undistortionType", "fisheyeCircleCenterX", "fisheyeCircleCenterY",
    "fisheyeCircleRadius",
}  # fmt: skip
_VIEW_READ = {"viewId", "poseId", "intrinsicId", "path", "rigId"}
_VIEW_HARMLESS = {"width", "height", "frameId", "subPoseId", "resectionId", "isPoseIndependent", "metadata",
                  "ancestors", "frameRange"}  # fmt: skip
_NO_LENS = {"pinhole", "none", "", "equidistant"}


def matches(content: Content) -> bool:
    """Return True for JSON with views and intrinsics."""
    value = content.json_or_none
    return isinstance(value, Mapping) and {"views", "intrinsics"} <= value.keys() and "version" in value


def read(content: Content) -> RawRig:
    """Read the views that have a pose; the others were not reconstructed, and are named."""
    path = content.path
    top = mapping_at(content.json, path, None)
    version = tuple(numbers(list_at(field(top, "version", path), path, "version"), [(None,)], path, "version").tolist())
    views = _entries(top, "views", path)
    models = {str(one.get("intrinsicId")): one for one in _entries(top, "intrinsics", path)}
    poses = {str(one.get("poseId")): one for one in _entries(top, "poses", path)}
    if not poses:
        raise DatasetError(
            path, "poses", "the file is from before StructureFromMotion, without a pose; take that node's output"
        )
    posed = [view for view in views if str(view.get("poseId")) in poses]
    files = [
        name_at(view.get("path", view.get("viewId", index)), path, f"views[{index}].path").replace("\\", "/")
        for index, view in enumerate(posed)
    ]
    short = [file.rsplit("/", 1)[-1] for file in files]
    names = names_from_pictures(short if len(set(short)) == len(short) else files)
    by_name = dict(zip(names, posed, strict=True))

    def read_view(name: str) -> RawCamera:
        return _read_view(name, by_name[name], (models, poses), version, path)

    cameras, failed = read_each(by_name, read_view)
    left_out = len(views) - len(posed)
    notes: tuple[str, ...] = (
        (f"left out, as they have no pose: {left_out} of {counted(len(views), 'view')}",) if left_out else ()
    )
    notes += unread_notes(models.values(), _READ, _HARMLESS)
    notes += unread_notes(views, _VIEW_READ, _VIEW_HARMLESS, per="view")
    notes += unread_notes(poses.values(), {"poseId", "pose"}, {"locked"}, per="pose")
    return RawRig(cameras, path, "unknown", notes=notes, failed=failed, order=names)


def _entries(top: Mapping[str, Untrusted], key: str, path: Path) -> list[Mapping[str, Untrusted]]:
    found = list_at(top.get(key) or [], path, key)
    return [mapping_at(one, path, f"{key}[{index}]") for index, one in enumerate(found)]


def _read_view(
    name: str,
    view: Mapping[str, Untrusted],
    tables: tuple[Mapping[str, Mapping[str, Untrusted]], Mapping[str, Mapping[str, Untrusted]]],
    version: tuple[float, ...],
    path: Path,
) -> RawCamera:
    models, poses = tables
    where = f"view {name}."
    if "rigId" in view:
        why = "the view is part of a camera rig, whose sub-poses are not read; export without rigs"
        raise DatasetError(path, f"{where}rigId", why)
    identity = str(view.get("intrinsicId"))
    model = mapping_at(field(models, identity, path, "intrinsics."), path, f"intrinsics.{identity}")
    inner = f"intrinsics.{identity}."
    size = size_at(field(model, "width", path, inner), field(model, "height", path, inner), path, f"{inner}width")
    pose_id = str(view["poseId"])
    pose = _pose(poses[pose_id], path, f"poses.{pose_id}.")
    lens_model, lens = _lens(model, path, inner)
    K = _intrinsics(model, size, version, path, inner)
    return RawCamera(name, K, pose, coefficients=lens, model=lens_model, size=size)


def _pose(entry: Mapping[str, Untrusted], path: Path, where: str) -> FloatArray:
    pose = mapping_at(field(entry, "pose", path, where), path, f"{where}pose")
    transform = mapping_at(field(pose, "transform", path, f"{where}pose."), path, f"{where}pose.transform")
    key = f"{where}pose.transform."
    rotation = numbers(field(transform, "rotation", path, key), [(9,)], path, f"{key}rotation").reshape(3, 3).T
    center = numbers(field(transform, "center", path, key), [(3,)], path, f"{key}center")
    return pose_from_center(rotation, center)


def _intrinsics(
    model: Mapping[str, Untrusted], size: tuple[int, int], version: tuple[float, ...], path: Path, where: str
) -> FloatArray:
    width, height = size
    cx, cy = numbers(field(model, "principalPoint", path, where), [(2,)], path, f"{where}principalPoint")
    if version >= _OFFSET_SINCE:
        cx, cy = cx + 0.5 * width, cy + 0.5 * height
    if version < _FOCAL_XY_SINCE:
        fx = fy = number(field(model, "pxFocalLength", path, where), path, f"{where}pxFocalLength")
    elif version < _FOCAL_MM_SINCE:
        focal = numbers(field(model, "pxFocalLength", path, where), [(2,)], path, f"{where}pxFocalLength")
        fx, fy = float(focal[0]), float(focal[1])
    else:
        sensor = number(model.get("sensorWidth", _DEFAULT_SENSOR_MM), path, f"{where}sensorWidth")
        ratio = number(model.get("pixelRatio", 1.0), path, f"{where}pixelRatio")
        if not (sensor > 0.0 and ratio > 0.0):
            raise DatasetError(path, f"{where}sensorWidth", "expected a positive sensorWidth and pixelRatio")
        focal_mm = number(field(model, "focalLength", path, where), path, f"{where}focalLength")
        fx, fy = _focal_px(focal_mm / sensor, ratio, size, version)
    return intrinsics(fx, fy, float(cx), float(cy))


def _focal_px(relative: float, ratio: float, size: tuple[int, int], version: tuple[float, ...]) -> tuple[float, float]:
    """Return fx and fy of focalLength / sensorWidth and pixelRatio, which changed their meaning twice."""
    if version >= _FOCAL_OF_Y_SINCE:
        # The writer takes the larger side as the sensor's width, also in a picture that is higher than wide.
        fy = relative * max(size)
        return fy / ratio, fy
    fx = relative * size[0]
    return fx, fx * ratio if version >= _RATIO_FIXED else fx / ratio


def _lens(model: Mapping[str, Untrusted], path: Path, where: str) -> tuple[ModelName, tuple[float, ...]]:
    kind = str(model.get("type", "pinhole"))
    if kind == "equidistant":
        raise UnsupportedLensError(
            path, f"{where}type", "the equidistant camera of AliceVision has no counterpart here"
        )
    kind = str(model.get("distortionType", "")) if "distortionType" in model and kind == "pinhole" else kind
    values = numbers(model.get("distortionParams") or [], [(None,)], path, f"{where}distortionParams").tolist()
    if kind in _NO_LENS or not any(values):
        return "brown_conrady", ()
    if kind == "fisheye4":
        return "kannala_brandt", tuple(_counted(values, 4, path, where))
    if kind in {"radial1", "radialk1"}:
        return "brown_conrady", (_counted(values, 1, path, where)[0], 0.0, 0.0, 0.0)
    if kind in {"radial3", "radialk3"}:
        k1, k2, k3 = _counted(values, 3, path, where)
        return "brown_conrady", (k1, k2, 0.0, 0.0, k3)
    if kind == "brown":
        k1, k2, k3, t1, t2 = _counted(values, 5, path, where)
        return "brown_conrady", (k1, k2, t1, t2, k3)
    why = f"the lens {kind!r} has no counterpart in OpenCV's models; expected radialk1, radialk3, brown, fisheye4"
    raise UnsupportedLensError(path, f"{where}type", why)


def _counted(values: Sequence[float], count: int, path: Path, where: str) -> Sequence[float]:
    if len(values) != count:
        raise DatasetError(path, f"{where}distortionParams", f"expected {count} numbers, found {len(values)}")
    return values


FORMAT = Format(
    name="meshroom",
    title="Meshroom cameras.sfm",
    matches=matches,
    read_cameras=read,
)
