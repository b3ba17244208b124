"""Projection matrices P = K [R | t] alone: JSON {camera: (3, 4)}, KITTI calib.txt (P0: ..), DTU's and PMVS's text.

World-to-camera, OpenCV axes; P is decomposed (see `matrices.decompose_projections`). Pixel (0, 0) is taken as the
CENTRE of the top-left pixel, OpenCV's and KITTI's convention; no image size, no distortion. KITTI's world is the
rectified frame of camera 0, in metres. DTU's pos_001.txt and PMVS's 00000000.txt (after a line CONTOUR) hold one matrix
each, a folder of them a rig. Source: KITTI odometry development kit, readme.txt; PMVS-2 documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format
from renderkit.formats.matrices import decompose_projections
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rig import Unit
from renderkit.untrusted.content import Content, Untrusted, numbers

_KITTI = re.compile(rb"(?:P\d|P_rect_\d\d):[ \t]")
_KEYS = ("P", "projection", "projection_matrix", "projectionMatrix", "proj", "proj_mat")
_LEAST_FOCAL_PX, _MAX_FILES = 4.0, 10_000
_LINE = re.compile(r"(P\d|P_rect_\d\d):\s*(.*)")


def matches(content: Content) -> bool:
    """Return True for KITTI's lines, or JSON of nothing but (3, 4) matrices."""
    if content.is_folder:
        return bool(_text_files(content.path))
    if re.search(rb"^" + _KITTI.pattern, content.head, re.MULTILINE) or _is_text(content.head):
        return True
    value = content.json_or_none
    entries = list(value.values()) if isinstance(value, Mapping) else value
    return isinstance(entries, list) and bool(entries) and all(_is_projection(_matrix(one)) for one in entries)


def _is_text(head: bytes) -> bool:
    """Return whether a text is three rows of four numbers, the matrix of a camera with a focal length in px."""
    words = head.removeprefix(b"CONTOUR").split()
    lines = [line.split() for line in head.splitlines() if line.strip()][-3:]
    if len(words) != 12 or [len(line) for line in lines] != [4, 4, 4]:
        return False
    try:
        values = np.array([float(word) for word in words]).reshape(3, 4)
    except ValueError:
        return False
    # [R | t] has rows of one length; K has a last row that is far shorter than the others.
    lengths = np.linalg.norm(values[:, :3], axis=1)
    return bool(np.isfinite(lengths).all() and lengths[:2].min() > _LEAST_FOCAL_PX * lengths[2])


def _text_files(folder: Path) -> list[Content]:
    files = [Content(one) for one in sorted(folder.glob("*.txt"))[:_MAX_FILES]]
    return files if all(_is_text(one.head) for one in files) else []


def _matrix(entry: Untrusted) -> Untrusted:
    """Return the matrix of an entry, which may be an object with it under a usual key."""
    if isinstance(entry, Mapping):
        return next((entry[key] for key in _KEYS if key in entry), None)
    return entry


def _is_projection(value: Untrusted) -> bool:
    if isinstance(value, list) and len(value) in {12, 16}:
        return all(isinstance(number, int | float) for number in value)
    if not (isinstance(value, list) and len(value) in {3, 4}):
        return False
    return all(
        isinstance(row, list) and len(row) == 4 and all(isinstance(n, int | float) for n in row) for row in value
    )


def read(content: Content) -> RawRig:
    """Read and decompose the matrices."""
    path = content.path
    files = _text_files(path) if content.is_folder else [content] if _is_text(content.head) else []
    kitti = not files and content.json_or_none is None
    if files:
        entries = {one.path.stem: one.text.removeprefix("CONTOUR").split() for one in files}
    else:
        entries = dict(_kitti_entries(content)) if kitti else _json_entries(content.json)
    matrices = [numbers(_matrix(value), [(3, 4), (4, 4)], path, name)[:3] for name, value in entries.items()]
    K, poses = decompose_projections(np.array(matrices).reshape(-1, 3, 4), path, list(entries))
    objects = [entry for entry in entries.values() if isinstance(entry, Mapping)]
    cameras = tuple(RawCamera(name, *found) for name, *found in zip(entries, K, poses, strict=True))
    unit: Unit = "m" if kitti else "unknown"
    notes = ("K, R and t are decomposed from the projection matrices", *unread_notes(objects, _KEYS))
    return RawRig(cameras, path, unit, notes=notes)


def _json_entries(value: Untrusted) -> dict[str, Untrusted]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    return {str(name): matrix for name, matrix in pairs}


def _kitti_entries(content: Content) -> Iterator[tuple[str, Untrusted]]:
    path: Path = content.path
    for index, line in enumerate(content.text.splitlines(), start=1):
        found = _LINE.match(line.strip())
        if found is not None:
            values = numbers(found.group(2).split(), [(None,)], path, f"line {index}")
            if values.size != 12:
                raise DatasetError(path, f"line {index}", f"expected 12 numbers, found {values.size}")
            yield found.group(1), values.reshape(3, 4)


FORMAT = Format(
    name="projection-matrices",
    title="projection matrices (JSON, KITTI calib.txt, DTU, PMVS)",
    matches=matches,
    read_cameras=read,
)
