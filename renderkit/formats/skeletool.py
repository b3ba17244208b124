"""Skeletool's camera.calibration (MPI-INF-3DHP, DynaCap): blocks of `name`, `size`, `intrinsic`, `extrinsic`, `radial`.

World-to-camera (4, 4), OpenCV axes, millimetres; `intrinsic` is (4, 4). Pixel (0, 0) is taken as the CENTRE of the
top-left pixel. `radial` is a flag of a distortion that is not described; files with 1 are noted. Source: MPI-INF-3DHP,
README and the calibration files of its training set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.format import Format
from renderkit.formats.matrices import extrinsics_at, intrinsics_at
from renderkit.formats.unread import unread_notes
from renderkit.untrusted.content import Content, field, size_pair_at

_HEAD = b"Skeletool Camera Calibration File"
_READ, _HARMLESS = {"name", "size", "intrinsic", "extrinsic"}, {"sensor", "animated"}


def matches(content: Content) -> bool:
    """Return True for the file's first line."""
    return content.head.startswith(_HEAD)


def read(content: Content) -> RawRig:
    """Read the blocks."""
    path = content.path
    blocks = list(_blocks(content))
    if not blocks:
        raise DatasetError(path, None, "expected blocks that begin with 'name'; the file has none")
    cameras = tuple(_read_camera(block, path) for block in blocks)
    others = [{key: value for key, value in block.items() if value.split() != ["0"]} for block in blocks]
    return RawRig(cameras, path, "mm", notes=unread_notes(others, _READ, _HARMLESS))


def _blocks(content: Content) -> Iterator[dict[str, str]]:
    block: dict[str, str] = {}
    for line in content.text.splitlines()[1:]:
        key, _, value = line.strip().partition(" ")
        if key == "name" and block:
            yield block
            block = {}
        if key:
            block[key] = value.strip()
    if block:
        yield block


def _read_camera(block: dict[str, str], path: Path) -> RawCamera:
    name = field(block, "name", path)
    where = f"camera {name[:40]}, "
    K = intrinsics_at(field(block, "intrinsic", path, where).split(), path, f"{where}intrinsic")
    pose = extrinsics_at(field(block, "extrinsic", path, where).split(), path, f"{where}extrinsic")
    return RawCamera(name, K, pose, size=size_pair_at(field(block, "size", path, where).split(), path, f"{where}size"))


FORMAT = Format(
    name="skeletool",
    title="Skeletool camera.calibration (MPI-INF-3DHP)",
    matches=matches,
    read_cameras=read,
    unit="mm",
)
