"""KRT text (Multiface, ava-256): per camera a name, K in 3 rows, 5 coefficients, [R | t] in 3 rows, a blank line.

Some files leave the row of coefficients out: no distortion; others begin with the number of cameras.
World-to-camera, OpenCV axes, millimetres; no image size. Source: Multiface's load_krt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import require_tokens
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.rig import Rig
from renderkit.untrusted.content import Content, exact, numbers
from renderkit.writing import write_text

_BARE_LINES = 7
_NUMBER = re.compile(r"[-+.\deE]+|[-+]?nan|[-+]?inf", re.IGNORECASE)
_LIMITS = Expressible(brown_conrady=5, size=False)


def matches(content: Content) -> bool:
    """Return True for text whose first lines are a name, three rows of 3, a row of 5 or none, and three rows of 4."""
    lines = [line.split() for _, line in _lines(content.head.decode("utf-8", errors="replace"))]
    if len(lines) < _BARE_LINES or not _is_name(lines[0]) or [len(line) for line in lines[1:4]] != [3, 3, 3]:
        return False
    return [len(line) for line in lines[5:8]] == [4, 4, 4] or _is_bare(lines)


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the lines that say something, with their numbers: no comments, and no number of cameras at the head."""
    numbered = ((index, line.strip()) for index, line in enumerate(text.splitlines(), start=1))
    lines = [(index, line) for index, line in numbered if line and not line.startswith("#")]
    has_count = len(lines) > 1 and lines[0][1].isdecimal() and _is_name(lines[1][1].split())
    return lines[1:] if has_count else lines


def _is_name(words: Sequence[str]) -> bool:
    """Return True for one word, or for several of which not all are numbers."""
    return len(words) == 1 or any(_NUMBER.fullmatch(word) is None for word in words)


def _is_bare(lines: Sequence[Sequence[str]]) -> bool:
    """Return True for cameras of seven lines, without a row of coefficients."""
    is_next_name = len(lines) == _BARE_LINES or _is_name(lines[_BARE_LINES])
    return [len(line) for line in lines[4:_BARE_LINES]] == [4, 4, 4] and is_next_name


def read(content: Content) -> RawRig:
    """Read a KRT file."""
    path = content.path
    lines = _lines(content.text)
    is_bare = len(lines) >= _BARE_LINES and _is_bare([line.split() for _, line in lines[: _BARE_LINES + 1]])
    step = _BARE_LINES if is_bare else _BARE_LINES + 1
    if not lines or len(lines) % step:
        expected = "seven lines per camera (name, K 3, [R|t] 3)" if is_bare else "eight lines per camera (name, K 3, "
        expected += "" if is_bare else "distortion 1, [R|t] 3)"
        why = f"expected {expected}, found {len(lines)} lines in all"
        raise DatasetError(path, None, f"{why}; the file may be cut off")
    cameras = []
    for start in range(0, len(lines), step):
        index, name = lines[start]
        key = f"line {index}, camera {name[:40]}"
        rows = [line.split() for _, line in lines[start + 1 : start + step]]
        rows = [*rows[:3], [], *rows[3:]] if is_bare else rows
        K = _block(rows[:3], 3, path, f"{key}, K")
        lens = numbers(rows[3], [(5,), (4,), (8,)] if not is_bare else [(0,)], path, f"{key}, distortion")
        pose = _block(rows[4:], 4, path, f"{key}, [R|t]")
        cameras.append(RawCamera(name, K, pose, coefficients=tuple(lens.tolist())))
    notes = ("no distortion: the cameras have no row of coefficients",) if is_bare else ()
    return RawRig(tuple(cameras), path, "mm", notes=notes)


def _block(rows: list[list[str]], width: int, path: Path, key: str) -> FloatArray:
    if any(len(row) != width for row in rows):
        raise DatasetError(path, key, f"expected 3 rows of {width} numbers, found {[len(row) for row in rows]}")
    return numbers(rows, [(3, width)], path, key)


def write(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature for all
    """Write a KRT file; the translation stays in the rig's own unit."""
    require_tokens(rig.cameras, path, "", "KRT text")
    blocks = []
    for name, camera in rig.cameras.items():
        lens = camera.distortion
        coefficients = lens.padded[:5] if isinstance(lens, BrownConrady) else np.zeros(5)
        rows = [*camera.K, coefficients, *camera.cam_from_world.matrix[:3]]
        blocks.append("\n".join([name, *(" ".join(map(exact, row)) for row in rows), ""]))
    write_text(path, "\n".join(blocks))
    return ()


FORMAT = Format(
    name="krt",
    title="KRT text (Multiface, ava-256)",
    layout=picture_layout.KRT,
    matches=matches,
    read_cameras=read,
    write=write,
    limits=_LIMITS,
    unit="mm",
)
