"""OpenCV YAML pairs under EasyMocap's names: intri.yml (K_, dist_, H_, W_) and extri.yml (R_, Rot_, T_).

World-to-camera, OpenCV axes; R_ is a rotation vector, Rot_ the matrix. Source: OpenCV FileStorage, EasyMocap's
mytools/camera_utils.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.file_storage import stored_matrix
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rig import Rig
from renderkit.geometry.rotation import matrix_from_rotation_vector, rotation_vector_from_matrix
from renderkit.untrusted.content import Content, Untrusted, exact, field, mapping_at, size_at
from renderkit.wording import list_names
from renderkit.writing import make_folder, write_text

_LIMITS = Expressible(brown_conrady=14)
_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_AGREE_RAD = 1e-4
_INNER_READ = {"K_", "dist_", "D_", "H_", "W_"}
_OUTER_READ = {"R_", "Rot_", "T_"}
_HARMLESS = {"n_", "bounds_", "ccm_"}
"""Near, far and bounding box of a renderer, and the colour matrix."""

Yaml: TypeAlias = Mapping[str, Untrusted]


def matches(content: Content) -> bool:
    """Return True for a folder with intri.yml and extri.yml, or one of these files."""
    folder = _folder(content)
    return folder is not None


def _folder(content: Content) -> Path | None:
    if content.has("intri.yml", "extri.yml"):
        return content.path
    beside = Content(content.path.parent)
    if content.path.name in {"intri.yml", "extri.yml"} and beside.has("intri.yml", "extri.yml"):
        return content.path.parent
    return None


def read(content: Content) -> RawRig:
    """Read the pair; image sizes are there in newer files only."""
    folder = _folder(content)
    if folder is None:
        raise DatasetError(content.path, None, "expected a folder with intri.yml and extri.yml")
    inner, outer = folder / "intri.yml", folder / "extri.yml"
    intrinsic, extrinsic = (mapping_at(Content(file).yaml or {}, file, None) for file in (inner, outer))
    inside, outside = _names(intrinsic, "K_"), _names(extrinsic, "T_")
    posed = set(outside)
    names = [name for name in inside if name in posed]
    if not names:
        have = [f"{file.name} has {list_names(own) or 'none'}" for file, own in ((inner, inside), (outer, outside))]
        why = f"no camera is in both files: {', '.join(have)}"
        raise DatasetError(folder, None, why)
    found = [_read_camera(name, intrinsic, extrinsic, folder) for name in names]
    notes = [note for _, note in found if note is not None]
    for file, own, other in ((inner, inside, outer), (outer, outside, inner)):
        both = set(names)
        alone = [name for name in own if name not in both]
        notes += [f"in {file.name} and not in {other.name}, left out: {list_names(alone)}"] if alone else []
    notes += [*_unread(intrinsic, inside, _INNER_READ), *_unread(extrinsic, outside, _OUTER_READ)]
    return RawRig(tuple(camera for camera, _ in found), content.path, "unknown", notes=tuple(notes))


def _names(entries: Yaml, prefix: str) -> list[str]:
    """Return the cameras that have an entry, in the order of the file's own list where it has one."""
    having = [key.removeprefix(prefix) for key in entries if key.startswith(prefix)]
    listed = entries.get("names")
    order = dict.fromkeys(name for name in (listed if isinstance(listed, list) else []) if isinstance(name, str))
    return list(order | dict.fromkeys(having))


def _unread(entries: Yaml, names: list[str], read: set[str]) -> tuple[str, ...]:
    """Return notes for the entries of cameras, by the part before the name, and for the others."""
    known = set(names)
    per_camera: list[dict[str, str]] = []
    others: dict[str, str] = {}
    for key in entries:
        prefix, _, rest = key.partition("_")
        if rest not in known:
            others[key] = key
        elif f"{prefix}_" not in read:
            per_camera.append({f"{prefix}_": key})
    return (*unread_notes(per_camera, read, _HARMLESS), *unread_notes([others], {"names"}, _HARMLESS, per=None))


def _read_camera(name: str, intrinsic: Yaml, extrinsic: Yaml, folder: Path) -> tuple[RawCamera, str | None]:
    """Return a camera, and a note where its two rotations contradict each other."""
    inner, outer = folder / "intri.yml", folder / "extri.yml"
    K = stored_matrix(field(intrinsic, f"K_{name}", inner), [(3, 3)], inner, f"K_{name}")
    lens = np.zeros(0)
    key = next((key for key in (f"dist_{name}", f"D_{name}") if key in intrinsic), None)
    if key is not None:
        lens = stored_matrix(intrinsic[key], [(1, None), (None, 1)], inner, key).ravel()
    translation = stored_matrix(field(extrinsic, f"T_{name}", outer), [(3, 1), (1, 3)], outer, f"T_{name}").ravel()
    size = None
    if f"W_{name}" in intrinsic or f"H_{name}" in intrinsic:
        width, height = field(intrinsic, f"W_{name}", inner), field(intrinsic, f"H_{name}", inner)
        size = size_at(width, height, inner, f"W_{name}")
    rotation, note = _read_rotation(name, extrinsic, outer)
    pose = pose_matrix(rotation, translation)
    return RawCamera(name, K, pose, coefficients=tuple(lens.tolist()), size=size), note


def _read_rotation(name: str, extrinsic: Yaml, path: Path) -> tuple[FloatArray, str | None]:
    """Return a camera's rotation, and a note where R_ and Rot_ contradict each other."""
    vector_key, matrix_key = f"R_{name}", f"Rot_{name}"
    if matrix_key not in extrinsic:
        if vector_key not in extrinsic:
            raise DatasetError(path, vector_key, "the rotation is missing: expected R_ (3, 1) or Rot_ (3, 3)")
        vector = stored_matrix(extrinsic[vector_key], [(3, 1), (1, 3), (3, 3)], path, vector_key)
        return vector if vector.shape == (3, 3) else matrix_from_rotation_vector(vector.ravel()), None
    matrix = stored_matrix(extrinsic[matrix_key], [(3, 3)], path, matrix_key)
    if vector_key not in extrinsic:
        return matrix, None
    vector = stored_matrix(extrinsic[vector_key], [(None, None)], path, vector_key)
    gap = float(np.abs(matrix_from_rotation_vector(vector.ravel()) - matrix).max()) if vector.size == 3 else 0.0
    note = None if gap <= _AGREE_RAD else f"R_{name} and Rot_{name} differ by {gap:.3g}; Rot_{name} is used"
    return matrix, note


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write intri.yml and extri.yml into the folder `path`."""
    for name in rig.cameras:
        if not _NAME.match(name):
            why = f"OpenCV's YAML keys admit letters, digits, '-' and '_', not {name!r}; rename the camera"
            raise DatasetError(path, name, why)
    make_folder(path)
    head = ["%YAML:1.0", "---", "names:", *(f'   - "{name}"' for name in rig.cameras)]
    intrinsic, extrinsic = list(head), list(head)
    for name, camera in rig.cameras.items():
        lens = camera.distortion.coefficients if camera.distortion.coefficients.size else np.zeros(5)
        intrinsic += _matrix(f"K_{name}", camera.K) + _matrix(f"dist_{name}", lens[None])
        intrinsic += [f"H_{name}: {camera.height}", f"W_{name}: {camera.width}"]
        pose = camera.cam_from_world
        extrinsic += _matrix(f"R_{name}", rotation_vector_from_matrix(pose.R)[:, None])
        extrinsic += _matrix(f"Rot_{name}", pose.R) + _matrix(f"T_{name}", pose.t[:, None])
    write_text(path / "intri.yml", "\n".join(intrinsic) + "\n")
    write_text(path / "extri.yml", "\n".join(extrinsic) + "\n")
    return ()


def _matrix(key: str, values: FloatArray) -> list[str]:
    rows, columns = values.shape
    data = ", ".join(exact(value) for value in values.ravel())
    return [f"{key}: !!opencv-matrix", f"   rows: {rows}", f"   cols: {columns}", "   dt: d", f"   data: [ {data} ]"]


FORMAT = Format(
    name="opencv",
    title="OpenCV YAML pair (EasyMocap intri.yml, extri.yml)",
    layout=picture_layout.EASYMOCAP,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
)
