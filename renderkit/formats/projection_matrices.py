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
from renderkit.formats.plain_keys import K_KEYS, NAME_KEYS, PROJECTION_KEYS, below_lists, names_of
from renderkit.formats.unread import unread_notes
from renderkit.geometry.rig import Unit
from renderkit.untrusted.content import Content, Untrusted, numbers, size_pair_at
from renderkit.untrusted.npz import npz_names, read_npz

_KITTI = re.compile(rb"(?:P\d|P_rect_\d\d):[ \t]")
_ZIP = b"PK\x03\x04"
_LEAST_FOCAL_PX, _MAX_FILES = 4.0, 10_000
_LINE = re.compile(r"(P\d|P_rect_\d\d):\s*(.*)")


def matches(content: Content) -> bool:
    """Return True for KITTI's lines, or JSON of nothing but (3, 4) matrices."""
    if content.is_folder:
        return bool(_text_files(content.path))
    if re.search(rb"^" + _KITTI.pattern, content.head, re.MULTILINE) or _is_text(content.head):
        return True
    if content.head.startswith(_ZIP):
        return _npz_key(content) is not None
    entries = list(_json_entries(content.json_or_none).values())
    return bool(entries) and all(_is_projection(_matrix(one)) for one in entries)


def _npz_key(content: Content) -> str | None:
    """Return the name of the stack of matrices in an .npz file that holds one and no intrinsics."""
    names = npz_names(content.path)
    return None if any(key in names for key in K_KEYS) else next((key for key in PROJECTION_KEYS if key in names), None)


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
        return next((entry[key] for key in PROJECTION_KEYS if key in entry), None)
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
    is_npz = content.head.startswith(_ZIP)
    kitti = not files and not is_npz and content.json_or_none is None
    sizes: dict[str, tuple[int, int]] = {}
    if is_npz:
        entries = _npz_entries(content)
    elif files:
        entries = {one.path.stem: one.text.removeprefix("CONTOUR").split() for one in files}
    else:
        entries = dict(_kitti_entries(content)) if kitti else _json_entries(content.json)
        sizes = _kitti_sizes(content) if kitti else {}
    matrices = [numbers(_matrix(value), [(3, 4), (4, 4)], path, name)[:3] for name, value in entries.items()]
    K, poses = decompose_projections(np.array(matrices).reshape(-1, 3, 4), path, list(entries))
    for name, matrix in zip(entries, K, strict=True):
        if matrix[0, 0] <= _LEAST_FOCAL_PX:
            raise DatasetError(path, name, "expected K [R | t] in px, found [R | t]: a pose without intrinsics")
    objects = [entry for entry in entries.values() if isinstance(entry, Mapping)]
    cameras = tuple(
        RawCamera(name, matrix, pose, size=sizes.get(name))
        for name, matrix, pose in zip(entries, K, poses, strict=True)
    )
    unit: Unit = "m" if kitti else "unknown"
    notes = (
        "K, R and t are decomposed from the projection matrices",
        *unread_notes(objects, {*PROJECTION_KEYS, *NAME_KEYS}),
    )
    return RawRig(cameras, path, unit, notes=notes)


def _json_entries(value: Untrusted) -> dict[str, Untrusted]:
    value = below_lists(value)
    if isinstance(value, Mapping):
        return {str(name): matrix for name, matrix in value.items()}
    if not isinstance(value, list):
        return {}
    return dict(zip(names_of(dict(zip(map(str, range(len(value))), value, strict=True))), value, strict=True))


def _npz_entries(content: Content) -> dict[str, Untrusted]:
    """Return the matrices of a stack (N, 3, 4), with the names that an array of as many texts gives them."""
    arrays, key = read_npz(content.path), _npz_key(content)
    stack = arrays[key or ""]
    if stack.ndim != 3:
        raise DatasetError(content.path, key, f"expected a stack of matrices (N, 3, 4), found shape {stack.shape}")
    names = next((arrays[one] for one in NAME_KEYS if one in arrays and arrays[one].shape == stack.shape[:1]), None)
    return {str(index if names is None else names[index]): matrix for index, matrix in enumerate(stack)}


def _kitti_entries(content: Content) -> Iterator[tuple[str, Untrusted]]:
    path: Path = content.path
    for index, line in enumerate(content.text.splitlines(), start=1):
        found = _LINE.match(line.strip())
        if found is not None:
            values = numbers(found.group(2).split(), [(None,)], path, f"line {index}")
            if values.size != 12:
                raise DatasetError(path, f"line {index}", f"expected 12 numbers, found {values.size}")
            yield found.group(1), values.reshape(3, 4)


def _kitti_sizes(content: Content) -> dict[str, tuple[int, int]]:
    """Return the sizes of the rectified pictures, which calib_cam_to_cam.txt states."""
    found = {}
    for line in content.text.splitlines():
        key, _, values = line.partition(":")
        if key.startswith("S_rect_"):
            found[f"P_rect_{key.removeprefix('S_rect_').strip()}"] = size_pair_at(values.split(), content.path, key)
    return found


FORMAT = Format(
    name="projection-matrices",
    title="projection matrices (JSON, KITTI calib.txt, DTU, PMVS)",
    matches=matches,
    read_cameras=read,
)
