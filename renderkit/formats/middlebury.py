"""Middlebury par files: a count, then per line the picture's name, K row by row, R row by row, t.

World-to-camera, OpenCV axes; no distortion, no image size. Source: Middlebury multi-view stereo, README of the data.
"""

from __future__ import annotations

from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.format import RigFormat, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import names_from_pictures, picture_from_name, require_tokens
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, exact, numbers, write_text

_LIMITS = Expressible(size=False)
_WORDS = 22


def _par_file(content: Content) -> Content:
    """Return the par file itself, or the only one inside a folder."""
    if content.is_folder:
        found = sorted(content.path.glob("*_par.txt"))
        if len(found) == 1:
            return Content(found[0])
    return content


def matches(content: Content) -> bool:
    """Return True for text that starts with a count and a line of a name and 21 numbers."""
    lines = _par_file(content).head.decode("utf-8", errors="replace").splitlines()
    return len(lines) >= 2 and lines[0].strip().isdigit() and len(lines[1].split()) == _WORDS


def read(content: Content) -> RawRig:
    """Read a par file."""
    inside = _par_file(content)
    path = inside.path
    lines = [(index, line) for index, line in enumerate(inside.text.splitlines(), start=1) if line.strip()]
    if not lines or not lines[0][1].strip().isdigit():
        raise DatasetError(path, "line 1", "expected the number of cameras")
    count, rows = int(lines[0][1]), lines[1:]
    if count != len(rows):
        raise DatasetError(
            path, "line 1", f"{count} cameras are announced, {len(rows)} lines follow; the file is cut off"
        )
    words = [(index, line.split()) for index, line in rows]
    for index, parts in words:
        if len(parts) != _WORDS:
            raise DatasetError(path, f"line {index}", f"expected a name and 21 numbers, found {len(parts)} words")
    names = names_from_pictures([parts[0] for _, parts in words])
    cameras = []
    for name, (index, parts) in zip(names, words, strict=True):
        values = numbers(parts[1:], [(21,)], path, f"line {index}")
        pose = pose_matrix(values[9:18].reshape(3, 3), values[18:])
        cameras.append(RawCamera(name, values[:9].reshape(3, 3), pose))
    return RawRig(tuple(cameras), content.path, "unknown", "middlebury")


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:
    """Write a par file."""
    require_tokens(rig.cameras, path, "", "a par file")
    lines = [str(len(rig))]
    for name, camera in rig.cameras.items():
        pose = camera.cam_from_world
        values = (*camera.K.ravel(), *pose.R.ravel(), *pose.t)
        lines.append(" ".join([picture_from_name(name, options.picture_suffix), *map(exact, values)]))
    write_text(path, "\n".join(lines) + "\n")
    return ()


FORMAT = RigFormat("middlebury", "Middlebury par file", matches, read, _LIMITS, write)
