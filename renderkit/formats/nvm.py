"""VisualSFM .nvm (NVM_V3): world-to-camera quaternion w first and camera centre, OpenCV axes; no image size, no unit.

Per camera: picture, f (px), quaternion w x y z, centre x y z, radial distortion, 0. The principal point is the image's
CENTRE: ((w - 1) / 2, (h - 1) / 2) where pixel (0, 0) is the centre of the top-left pixel, unless the header says
FixedK fx cx fy cy r. Source: VisualSFM documentation, "NVM file format". Its distortion is applied to measured points
(undistorted = m (1 + r m2)), which OpenCV's models cannot state: only r = 0 is read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import UNKNOWN_K, RawCamera, RawRig, centered_intrinsics, intrinsics, pose_from_center
from renderkit.formats.format import Format
from renderkit.formats.names import names_from_pictures
from renderkit.geometry.rotation import matrix_from_quaternion
from renderkit.untrusted.content import Content, numbers
from renderkit.wording import counted

_MARK = b"NVM_V3"
_MATRICES = b"NVM_V3_R9"
_VALUES = 10


def matches(content: Content) -> bool:
    """Return True for text that starts NVM_V3."""
    return content.head.lstrip().startswith(_MARK)


def read(content: Content) -> RawRig:
    """Read the first model of the file; several do not share a world."""
    path = content.path
    if content.head.lstrip().startswith(_MATRICES):
        raise DatasetError(path, "line 1", "NVM_V3_R9 (rotation matrices) is not read; save the model as NVM_V3")
    lines = [line.strip() for line in content.text.splitlines() if line.strip()]
    count = _count(lines, path)
    if len(lines) < 2 + count:
        raise DatasetError(
            path,
            None,
            f"expected {counted(count, 'camera')}, found {counted(len(lines) - 2, 'line')}; it may be cut off",
        )
    rows = [_split(line, index, path) for index, line in enumerate(lines[2 : 2 + count])]
    fixed = _fixed_k(lines[0], path)
    names = names_from_pictures([name.replace("\\", "/") for name, _ in rows])
    cameras = tuple(_read_camera(name, values, fixed, path) for name, (_, values) in zip(names, rows, strict=True))
    notes = ("the intrinsics of the header (FixedK) are used for every camera",) if fixed is not None else ()
    return RawRig(cameras, path, "unknown", notes=(*notes, "only the first model of the file is read"))


def _count(lines: list[str], path: Path) -> int:
    if len(lines) < 2 or not (lines[1].isascii() and lines[1].isdigit()) or len(lines[1]) > 7:
        raise DatasetError(path, "line 3", "expected the number of cameras after the header")
    return int(lines[1])


def _split(line: str, index: int, path: Path) -> tuple[str, list[float]]:
    """Return the picture's name, in which VisualSFM writes spaces as quotes, and the ten numbers."""
    words = line.rsplit(None, _VALUES)
    if len(words) != _VALUES + 1:
        raise DatasetError(path, f"camera {index}", f"expected a picture and {_VALUES} numbers, found {line[:60]!r}")
    return words[0].replace('"', " "), numbers(words[1:], [(_VALUES,)], path, f"camera {index}").tolist()


def _fixed_k(header: str, path: Path) -> list[float] | None:
    words = header.split()
    if "FixedK" not in words:
        return None
    values = words[words.index("FixedK") + 1 :]
    return [float(value) for value in numbers(values, [(5,)], path, "FixedK")]


def _read_camera(name: str, values: list[float], fixed: list[float] | None, path: Path) -> RawCamera:
    focal, radial = values[0], values[8]
    radial = radial if fixed is None else fixed[4]
    if radial:
        why = f"radial distortion {radial:g} acts on measured points (VisualSFM), which OpenCV's models cannot state"
        raise CalibrationError(path, name, f"{why}; undistort the pictures in VisualSFM and export again")
    rotation = matrix_from_quaternion(np.array(values[1:5]))
    pose = pose_from_center(rotation, np.array(values[5:8]))
    if fixed is not None:
        fx, cx, fy, cy, _ = fixed
        return RawCamera(name, intrinsics(fx, fy, cx, cy), pose)
    return RawCamera(name, UNKNOWN_K, pose, K_from_size=centered_intrinsics(focal, focal))


FORMAT = Format(
    name="nvm",
    title="VisualSFM .nvm",
    matches=matches,
    read_cameras=read,
)
