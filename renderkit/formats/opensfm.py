"""OpenSfM reconstruction.json: world-to-camera, axis-angle; f and c normalised by max(width, height).

Pixel = normalised * max(w, h) + ((w - 1) / 2, (h - 1) / 2), with OpenCV's pixel origin. Source: OpenSfM documentation,
"Coordinate systems" and "Camera models".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import (
    RawCamera,
    RawRig,
    UnsupportedLensError,
    intrinsics,
    pose_matrix,
    read_each,
)
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import names_from_pictures, picture_from_name
from renderkit.formats.unread import unread_notes
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.rig import Rig
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    field,
    list_at,
    mapping_at,
    number,
    numbers,
    size_at,
)
from renderkit.writing import write_json

_LIMITS = Expressible(brown_conrady=5, kannala_brandt=True, skew=False, fold_over=False)
_COEFFICIENTS = {
    "perspective": ("k1", "k2"),
    "simple_radial": ("k1",),
    "radial": ("k1", "k2"),
    "brown": ("k1", "k2", "p1", "p2", "k3"),
    "fisheye": ("k1", "k2"),
    "fisheye_opencv": ("k1", "k2", "k3", "k4"),
    "fisheye62": ("k1", "k2", "k3", "k4"),
    "fisheye624": ("k1", "k2", "k3", "k4"),
}
_FISHEYE = {"fisheye", "fisheye_opencv", "fisheye62", "fisheye624"}
_TERMS = ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2", "s0", "s1", "s2", "s3")
_MODEL_READ = {"projection_type", "width", "height", "focal", "focal_x", "focal_y", "c_x", "c_y", *_TERMS}
_SHOT_READ = {"rotation", "translation", "camera"}
_SHOT_HARMLESS = {
    "orientation", "capture_time", "gps_dop", "gps_position", "vertices", "faces", "merge_cc", "skey", "compass",
    "accelerometer", "gravity_down", "opk_angles", "covariance",
}  # fmt: skip
"""Priors of the reconstruction and its products; `orientation` is the EXIF tag of the picture as it is stored."""

_PART_READ = {"cameras", "shots"}
_PART_HARMLESS = {"points", "biases", "reference_lla", "main_shot", "main_view", "rig_cameras", "rig_instances"}
"""Every shot of a rig states its own pose too, and OpenSfM reads that one."""


def matches(content: Content) -> bool:
    """Return True for a JSON list of objects with cameras and shots."""
    value = content.json_or_none
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and "shots" in value[0]


def read(content: Content) -> RawRig:
    """Read the largest reconstruction of the file; several do not share a world."""
    path = content.path
    parts = [mapping_at(part, path, f"[{i}]") for i, part in enumerate(list_at(content.json, path, None))]
    if not parts:
        raise DatasetError(path, None, "the list of reconstructions is empty")
    shots = [mapping_at(field(part, "shots", path), path, "shots") for part in parts]
    largest = max(range(len(parts)), key=lambda index: len(shots[index]))
    models = mapping_at(field(parts[largest], "cameras", path), path, "cameras")
    names = names_from_pictures(list(shots[largest]))
    by_name = dict(zip(names, shots[largest].items(), strict=True))

    def read_one(name: str) -> RawCamera:
        key, shot = by_name[name]
        return _read_shot(shot, name, models, path, f"[{largest}].shots.{key}.")

    cameras, failed = read_each(names, read_one)
    notes = _unread(parts[largest], models, shots[largest])
    if len(parts) > 1:
        first = f"{len(parts)} reconstructions with separate worlds: only number {largest}, the largest, is read"
        notes = (first, *notes)
    return RawRig(cameras, path, "unknown", notes=notes, failed=failed, order=names)


def _unread(
    part: Mapping[str, Untrusted], models: Mapping[str, Untrusted], shots: Mapping[str, Untrusted]
) -> tuple[str, ...]:
    lenses = [model for model in models.values() if isinstance(model, Mapping)]
    priors = {key for model in lenses for key in model if key.endswith("_prior")}
    return (
        *unread_notes([part], _PART_READ, _PART_HARMLESS, per=None),
        *unread_notes(lenses, _MODEL_READ, priors, per="camera model", where="cameras."),
        *unread_notes([one for one in shots.values() if isinstance(one, Mapping)], _SHOT_READ, _SHOT_HARMLESS),
    )


def _read_shot(shot: Untrusted, name: str, models: Mapping[str, Untrusted], path: Path, where: str) -> RawCamera:
    values = mapping_at(shot, path, where)
    vector = numbers(field(values, "rotation", path, where), [(3,)], path, f"{where}rotation")
    translation = numbers(field(values, "translation", path, where), [(3,)], path, f"{where}translation")
    camera_id = str(field(values, "camera", path, where))
    camera = mapping_at(field(models, camera_id, path, "cameras."), path, f"cameras.{camera_id}")
    K, size, model, lens = read_model(camera, path, f"cameras.{camera_id}.")
    pose = pose_matrix(matrix_from_rotation_vector(vector), translation)
    return RawCamera(name, K, pose, coefficients=lens, model=model, size=size)


def read_model(
    camera: Mapping[str, Untrusted], path: Path, where: str
) -> tuple[FloatArray, tuple[int, int], ModelName, tuple[float, ...]]:
    """Return K, the image size, the lens model and its coefficients of one of OpenSfM's cameras.

    Raises:
        DatasetError: If something is missing or damaged; an `UnsupportedLensError` for other projections.
    """
    kind = str(field(camera, "projection_type", path, where))
    if kind not in _COEFFICIENTS:
        why = f"projection type {kind!r} is neither Brown-Conrady nor Kannala-Brandt; known: {', '.join(_COEFFICIENTS)}"
        raise UnsupportedLensError(path, f"{where}projection_type", why)
    width, height = size_at(
        field(camera, "width", path, where), field(camera, "height", path, where), path, f"{where}width"
    )
    scale = max(width, height)
    focal = camera.get("focal_x", camera.get("focal"))
    if focal is None:
        raise DatasetError(path, f"{where}focal", "the focal length is missing (focal or focal_x)")
    fx = number(focal, path, f"{where}focal_x")
    fy = number(camera.get("focal_y", focal), path, f"{where}focal_y")
    cx, cy = (number(camera.get(key, 0.0), path, where + key) for key in ("c_x", "c_y"))
    K = intrinsics(fx * scale, fy * scale, cx * scale + 0.5 * (width - 1), cy * scale + 0.5 * (height - 1))
    value = {key: number(camera.get(key, 0.0), path, where + key) for key in _TERMS}
    extra = [key for key, one in value.items() if one != 0.0 and key not in _COEFFICIENTS[kind]]
    if extra:
        what = ", ".join(f"{key} = {value[key]:g}" for key in extra)
        raise UnsupportedLensError(
            path, where + extra[0], f"{what} of the {kind} model has no counterpart in OpenCV's models"
        )
    if kind in _FISHEYE:
        return K, (width, height), "kannala_brandt", tuple(value[key] for key in ("k1", "k2", "k3", "k4"))
    return K, (width, height), "brown_conrady", tuple(value[key] for key in ("k1", "k2", "p1", "p2", "k3"))


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:
    """Write one reconstruction with one camera model per camera and no points."""
    cameras, shots = {}, {}
    for name, camera in rig.cameras.items():
        cameras[name] = _model_of(camera)
        shots[picture_from_name(name, options.picture_suffix)] = {
            "rotation": rotation_vector_from_matrix(camera.cam_from_world.R).tolist(),
            "translation": camera.cam_from_world.t.tolist(),
            "camera": name,
        }
    write_json(path, [{"cameras": cameras, "shots": shots, "points": {}}], indent=1)
    return ()


def _model_of(camera: Camera) -> dict[str, object]:
    scale = max(camera.size)
    values: dict[str, object] = {
        "projection_type": "brown",
        "width": camera.width,
        "height": camera.height,
        "focal_x": float(camera.K[0, 0] / scale),
        "focal_y": float(camera.K[1, 1] / scale),
        "c_x": float((camera.K[0, 2] - 0.5 * (camera.width - 1)) / scale),
        "c_y": float((camera.K[1, 2] - 0.5 * (camera.height - 1)) / scale),
    }
    lens = camera.distortion
    if lens.model == "kannala_brandt":
        names = _COEFFICIENTS["fisheye_opencv"]
        return (
            values | {"projection_type": "fisheye_opencv"} | dict(zip(names, lens.coefficients.tolist(), strict=True))
        )
    padded = lens.padded[:5] if isinstance(lens, BrownConrady) else np.zeros(5)
    return values | dict(zip(_COEFFICIENTS["brown"], padded.tolist(), strict=True))


FORMAT = Format(
    name="opensfm",
    title="OpenSfM reconstruction.json",
    layout=picture_layout.OPENSFM,
    matches=matches,
    read_cameras=read,
    write=write,
    names_pictures=True,
    limits=_LIMITS,
)
