"""Calibration TOML of markerless motion capture: Anipose, FreeMoCap, Pose2Sim, Caliscope.

One table per camera: name, size [w, h], matrix (3, 3), distortions, rotation (rotation vector, or a matrix in older
Caliscope files), translation: world-to-camera, OpenCV axes. Pixel (0, 0) is the CENTRE of the top-left pixel, as all
four calibrate with OpenCV. `fisheye = true` is OpenCV's fisheye model. Sources: aniposelib's CameraGroup.dump and
FisheyeCamera; FreeMoCap's anipose_camera_calibrator (charuco_square_size in mm, so mm); Pose2Sim's toml_write (every
camera says `fisheye`; metres); Caliscope's camera array (port or cam_id, rotation_count, ignore; metres). The unit of
a plain Anipose file is that of its board, which the file does not say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import coefficients_at, intrinsics_at
from renderkit.formats.no_pose import NO_POSE, no_pose_note
from renderkit.formats.unread import unread_notes
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.lens_model import ModelName
from renderkit.geometry.rig import Rig, Unit
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix
from renderkit.untrusted.content import (
    Content,
    Untrusted,
    exact,
    field,
    flag_at,
    mapping_at,
    name_at,
    numbers,
    size_pair_at,
)
from renderkit.writing import write_text

_LIMITS = Expressible(brown_conrady=5, kannala_brandt=True)
_TABLE = re.compile(rb"^\s*\[+[^\]\n]+\]", re.MULTILINE)
_MATRIX = re.compile(rb"^\s*matrix\s*=", re.MULTILINE)
_READ = {"name", "size", "matrix", "distortions", "rotation", "translation", "fisheye", "ignore", "port", "cam_id"}
_HARMLESS = {"error", "exposure", "grid_count", "verified_resolutions"}
_METADATA = {"adjusted", "error", "charuco_square_size"}
_METADATA_HARMLESS = {"charuco_board_object", "path_to_recorded_videos", "date_time_calibrated"}
_CALISCOPE = {"port", "cam_id", "grid_count"}


def matches(content: Content) -> bool:
    """Return True for TOML tables with a matrix, distortions and no other mark."""
    head = content.head
    return _TABLE.search(head) is not None and _MATRIX.search(head) is not None and b"distortions" in head


def read(content: Content) -> RawRig:
    """Read a calibration TOML; cameras that Caliscope ignores are left out and named."""
    path = content.path
    top = content.toml
    tables = _tables(top, path)
    metadata = mapping_at(top.get("metadata", {}), path, "metadata")
    ignored = [key for key, table in tables.items() if flag_at(table.get("ignore", False), path, f"{key}.ignore")]
    kept = {key: table for key, table in tables.items() if key not in ignored}
    names = [name_at(table.get("name", key), path, f"{key}.name") for key, table in kept.items()]
    if len(set(names)) < len(names):
        names = list(kept)
    unit, unit_note = _unit(kept, metadata)
    notes = [unit_note]
    cameras = tuple(
        _read_camera(name, key, table, path) for name, (key, table) in zip(names, kept.items(), strict=True)
    )
    unposed = sum("rotation" not in table for table in kept.values())
    if unposed:
        notes.append(no_pose_note(unposed))
    if ignored:
        notes.append(f"left out, as the file says `ignore`: {', '.join(ignored[:20])}")
    notes += unread_notes(kept.values(), _READ, {*_HARMLESS, "rotation_count"})
    others = {} if "cameras" in top else {key: value for key, value in top.items() if key not in tables}
    notes += unread_notes([others], {"metadata"}, per=None)
    notes += unread_notes([metadata], _METADATA, _METADATA_HARMLESS, per=None, where="metadata.")
    return RawRig(cameras, path, unit, notes=tuple(notes))


def _tables(top: Mapping[str, Untrusted], path: Path) -> dict[str, Mapping[str, Untrusted]]:
    """Return the cameras' tables by key: top-level ones, or those below "cameras"."""
    inside = top.get("cameras")
    places: Mapping[str, Untrusted] = inside if isinstance(inside, Mapping) else top
    found = {key: value for key, value in places.items() if isinstance(value, Mapping) and "matrix" in value}
    if not found:
        raise DatasetError(path, None, "expected one table per camera with matrix, distortions, rotation, translation")
    return found


def _unit(tables: Mapping[str, Mapping[str, Untrusted]], metadata: Mapping[str, Untrusted]) -> tuple[Unit, str]:
    if "charuco_square_size" in metadata:
        return "mm", "read as FreeMoCap's (charuco_square_size is there): millimetres"
    if any(_CALISCOPE & table.keys() for table in tables.values()):
        return "m", "read as Caliscope's (port, cam_id or grid_count are there): metres"
    if all("fisheye" in table for table in tables.values()):
        return "m", "read as Pose2Sim's (every camera says fisheye): metres"
    return "unknown", "read as Anipose's: the unit is that of the calibration board, which the file does not say"


def _read_camera(name: str, key: str, table: Mapping[str, Untrusted], path: Path) -> RawCamera:
    where = f"{key}."
    K = intrinsics_at(field(table, "matrix", path, where), path, f"{where}matrix")
    lens = coefficients_at(table.get("distortions"), path, f"{where}distortions")
    size = size_pair_at(table["size"], path, f"{where}size") if "size" in table else None
    fisheye = flag_at(table.get("fisheye", False), path, f"{where}fisheye")
    model: ModelName = "kannala_brandt" if fisheye else "brown_conrady"
    return RawCamera(name, K, _pose(table, path, where), coefficients=lens, model=model, size=size)


def _pose(table: Mapping[str, Untrusted], path: Path, where: str) -> FloatArray:
    if "rotation" not in table and "translation" not in table:
        return NO_POSE
    rotation = numbers(field(table, "rotation", path, where), [(3,), (3, 3), (3, 1)], path, f"{where}rotation")
    shapes = [(3,), (3, 1), (1, 3)]
    translation = numbers(field(table, "translation", path, where), shapes, path, f"{where}translation").ravel()
    if rotation.shape != (3, 3):
        rotation = matrix_from_rotation_vector(rotation.ravel())
    return pose_matrix(rotation, translation)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write the tables as Anipose and Pose2Sim read them, with `fisheye` in every camera as Pose2Sim has it."""
    lines: list[str] = []
    for name, camera in rig.cameras.items():
        if not name.isprintable():
            raise DatasetError(path, name, f"TOML is not given the camera name {name!r}; rename the camera")
        quoted = json.dumps(name, ensure_ascii=False)
        lens = camera.distortion
        fisheye = lens.model == "kannala_brandt"
        values = lens.coefficients if fisheye else lens.padded[:5] if isinstance(lens, BrownConrady) else np.zeros(5)
        vector = rotation_vector_from_matrix(camera.cam_from_world.R)
        lines += [
            f"[{quoted}]",
            f"name = {quoted}",
            f"size = [{camera.width}, {camera.height}]",
            f"matrix = [{', '.join(_row(row) for row in camera.K)}]",
            f"distortions = {_row(values)}",
            f"rotation = {_row(vector)}",
            f"translation = {_row(camera.cam_from_world.t)}",
            f"fisheye = {'true' if fisheye else 'false'}",
            "",
        ]
    write_text(path, "\n".join([*lines, "[metadata]", "adjusted = false", "error = 0.0", ""]))
    return ()


def _row(values: FloatArray) -> str:
    return f"[{', '.join(exact(value) for value in values)}]"


FORMAT = Format(
    name="motion-toml",
    title="calibration TOML (Anipose, FreeMoCap, Pose2Sim, Caliscope)",
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
    unit="m",
)
