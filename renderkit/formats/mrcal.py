"""mrcal .cameramodel: LENSMODEL_PINHOLE and LENSMODEL_OPENCV4, 5, 8, 12.

The file is a Python dictionary: lensmodel, intrinsics [fx fy cx cy ...], extrinsics (rt: rotation vector and
translation, camera from reference; rt_cam_ref in newer files), imagersize [w, h]. It is read by pattern, nothing is
evaluated. Pixel (0, 0) is the CENTRE of the top-left pixel, OpenCV axes, metres. Source: mrcal documentation,
"Cameramodel file formats", "Camera models" and "Conventions".
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, intrinsics, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rotation import matrix_from_rotation_vector
from renderkit.untrusted.content import Content, numbers, size_at

_COUNTS = {
    "LENSMODEL_PINHOLE": 0,
    "LENSMODEL_OPENCV4": 4,
    "LENSMODEL_OPENCV5": 5,
    "LENSMODEL_OPENCV8": 8,
    "LENSMODEL_OPENCV12": 12,
}
_KEY = re.compile(r"^\s*b?['\"]([A-Za-z_]{1,64})['\"]\s*:\s*", re.MULTILINE)
_LIST = re.compile(r"\[([^\[\]]{0,1000000})\]")
_TEXT = re.compile(r"b?['\"]([^'\"\n]{0,4096})['\"]")
_MARK = re.compile(rb"['\"]lens_?model['\"]\s*:\s*b?['\"]LENSMODEL_")
_POSES = ("extrinsics", "rt_cam_ref")
_READ = {"lensmodel", "lens_model", "intrinsics", "imagersize", *_POSES}
_HARMLESS = {"icam_intrinsics", "optimization_inputs"}
_MAX_CHARACTERS = 64 << 20


def matches(content: Content) -> bool:
    """Return True for a file, or a folder of *.cameramodel files, that states a mrcal lens model."""
    if content.is_folder:
        return next(content.path.glob("*.cameramodel"), None) is not None
    return _MARK.search(content.head) is not None


def read(content: Content) -> RawRig:
    """Read one model, or every *.cameramodel of a folder."""
    if not content.is_folder:
        camera, notes = _read_model(content)
        return RawRig((camera,), content.path, "m", notes=notes)
    files = sorted(content.path.glob("*.cameramodel"))
    read_files = [_read_model(Content(file)) for file in files]
    notes = tuple(dict.fromkeys(note for _, some in read_files for note in some))
    return RawRig(tuple(camera for camera, _ in read_files), content.path, "m", notes=notes)


def _read_model(content: Content) -> tuple[RawCamera, tuple[str, ...]]:
    path, entries = content.path, _entries(content)
    kind = _text(entries, "lens_model" if "lens_model" in entries else "lensmodel", path)
    if kind not in _COUNTS:
        why = f"{kind} has no counterpart in OpenCV's models; fit one with `mrcal-convert-lensmodel LENSMODEL_OPENCV8`"
        raise CalibrationError(path, "lensmodel", why)
    values = _numbers(entries, "intrinsics", 4 + _COUNTS[kind], path)
    width, height = _numbers(entries, "imagersize", 2, path)
    K = intrinsics(*(float(value) for value in values[:4]))
    key = next((key for key in _POSES if key in entries), None)
    vector = _numbers(entries, key, 6, path) if key is not None else np.zeros(6)
    pose = pose_matrix(matrix_from_rotation_vector(vector[:3]), vector[3:])
    notes = unread_notes([entries], _READ, _HARMLESS, per=None)
    if key is None:
        notes = ("no extrinsics: the camera is at the reference", *notes)
    size = size_at(width, height, path, "imagersize")
    return RawCamera(path.stem, K, pose, coefficients=tuple(values[4:].tolist()), size=size), notes


def _entries(content: Content) -> dict[str, str]:
    """Return the text of each entry of the dictionary."""
    if len(content.text) > _MAX_CHARACTERS:
        raise DatasetError(content.path, None, f"over {_MAX_CHARACTERS} characters")
    text = "\n".join(line for line in content.text.splitlines() if not line.lstrip().startswith("#"))
    found = list(_KEY.finditer(text))
    ends = [*(one.start() for one in found[1:]), *([len(text)] if found else [])]
    return {one.group(1): text[one.end() : end] for one, end in zip(found, ends, strict=True)}


def _text(entries: dict[str, str], key: str, path: Path) -> str:
    found = _TEXT.match(entries.get(key, ""))
    if found is None:
        raise DatasetError(path, key, f"expected '{key}': a text in quotes")
    return found.group(1)


def _numbers(entries: dict[str, str], key: str, count: int, path: Path) -> FloatArray:
    found = _LIST.match(entries.get(key, ""))
    if found is None:
        raise DatasetError(path, key, f"expected '{key}': [ {count} numbers ]")
    return numbers(found.group(1).replace(",", " ").split(), [(count,)], path, key)


FORMAT = Format(
    name="mrcal",
    title="mrcal .cameramodel",
    matches=matches,
    read_cameras=read,
    unit="m",
)
