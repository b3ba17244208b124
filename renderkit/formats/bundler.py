"""Bundler bundle.out: world-to-camera with x right, y UP, z BACKWARD; f, k1, k2; no image size, no unit.

Pixel = f (1 + k1 r2 + k2 r4) p with p = -P / P.z, counted from the image's CENTRE with y up: the centre lies at
((w - 1) / 2, (h - 1) / 2) where pixel (0, 0) is the centre of the top-left pixel. Source: Bundler User's Manual,
"Output format and scene representation", and its ReadKeys. A camera with f = 0 was not registered. The pictures' names
are those of list.txt beside the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import UNKNOWN_K, RawCamera, RawRig, centered_intrinsics, pose_matrix
from renderkit.formats.format import Format
from renderkit.formats.names import names_from_pictures
from renderkit.untrusted.content import Content, numbers
from renderkit.untrusted.files import read_text
from renderkit.wording import counted

_MARK = b"# Bundle file v"
_PER_CAMERA = 15
_LIST_LINE = re.compile(r"\s+0\s+[0-9.eE+-]+$|\s+0$")
"""What may follow a picture in list.txt: 0 and its focal length."""


def matches(content: Content) -> bool:
    """Return True for text that starts "# Bundle file v"."""
    return content.head.lstrip().startswith(_MARK)


def read(content: Content) -> RawRig:
    """Read the cameras; the points that follow are not read."""
    path = content.path
    _, _, rest = content.text.lstrip().partition("\n")
    counts, _, rest = rest.lstrip().partition("\n")
    words = counts.split()
    if not words or not words[0].isascii() or not words[0].isdigit() or len(words[0]) > 9:
        raise DatasetError(path, "line 2", f"expected the numbers of cameras and points, found {counts[:40]!r}")
    count = int(words[0])
    # Each number takes at least two characters, so that no more is split than the file holds.
    values = (
        rest.split(None, _PER_CAMERA * count)[: _PER_CAMERA * count] if 2 * _PER_CAMERA * count <= len(rest) + 2 else []
    )
    if len(values) < _PER_CAMERA * count:
        raise DatasetError(
            path, None, f"expected 15 numbers for each of {counted(count, 'camera')}; the file may be cut off"
        )
    blocks = numbers(values, [(None,)], path, "cameras").reshape(count, 5, 3)
    names = _names(path, count)
    registered = [index for index in range(count) if blocks[index, 0, 0] != 0.0]
    cameras = tuple(_read_camera(names[index], blocks[index]) for index in registered)
    left_out = count - len(registered)
    notes = (
        (f"left out, as they were not registered (f = 0): {left_out} of {counted(count, 'camera')}",)
        if left_out
        else ()
    )
    return RawRig(cameras, path, "unknown", notes=notes)


def _read_camera(name: str, block: FloatArray) -> RawCamera:
    focal, k1, k2 = (float(value) for value in block[0])
    pose = pose_matrix(block[1:4], block[4])
    lens = (k1, k2, 0.0, 0.0) if k1 or k2 else ()
    scaled = centered_intrinsics(focal, focal)
    return RawCamera(name, UNKNOWN_K, pose, axes="opengl", coefficients=lens, K_from_size=scaled)


def _names(path: Path, count: int) -> tuple[str, ...]:
    """Return the pictures' names of list.txt (or <file>.list.txt) beside the file, or numbers."""
    for one in (
        path.with_name("list.txt"),
        path.with_name(f"{path.stem}.list.txt"),
        path.with_name(f"{path.name}.list.txt"),
    ):
        if one.is_file():
            files = [_LIST_LINE.sub("", line.strip()) for line in read_text(one).splitlines() if line.strip()]
            if len(files) >= count:
                return names_from_pictures([file.replace("\\", "/").rsplit("/", 1)[-1] for file in files[:count]])
    return tuple(str(index) for index in range(count))


FORMAT = Format(
    name="bundler",
    title="Bundler bundle.out",
    matches=matches,
    read_cameras=read,
)
