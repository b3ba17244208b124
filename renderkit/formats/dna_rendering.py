"""DNA-Rendering SMC files (HDF5): the cameras in Camera_Parameter; read only.

The direction of RT is not documented: both readings are tried, and the one whose optical axes meet in front of the
cameras is taken and named.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import Format
from renderkit.formats.pose_direction import measure_direction
from renderkit.formats.smc_calibration import by_number, read_smc_cameras
from renderkit.untrusted.content import Content, numbers, size_at
from renderkit.untrusted.hdf5 import HDF5_MAGIC, Hdf5File

_GROUP = "Camera_Parameter"
_NO_ENTRY = "the entry is missing"


def matches(content: Content) -> bool:
    """Return True for HDF5 with Camera_Parameter."""
    if not content.head.startswith(HDF5_MAGIC):
        return False
    with closing(Hdf5File(content.path)) as file:
        return _GROUP in file.keys()  # noqa: SIM118 - a group's keys, not a mapping's


def read_cameras(content: Content) -> RawRig:
    """Read Camera_Parameter; the direction of RT is tested, see the notes of the result."""
    path = content.path
    with closing(Hdf5File(path)) as file:
        names = sorted(file.keys(_GROUP), key=by_number)
        read = read_smc_cameras(file, _GROUP, names, path, no_entry=lambda _: _NO_ENTRY)
        sizes = _sizes(file, path)
    cameras = tuple(replace(camera, size=sizes.get(camera.name)) for camera in read.cameras)
    found = measure_direction(cameras)
    cameras = tuple(replace(camera, direction=found.best) for camera in cameras)
    note = f"the direction of RT is undocumented; read as {found.best} ({found.evidence})"
    return RawRig(cameras, path, "m", notes=(note, *read.notes), failed=read.failed, order=tuple(names))


def _sizes(file: Hdf5File, path: Path) -> dict[str, tuple[int, int]]:
    sizes: dict[str, tuple[int, int]] = {}
    for group in ("Camera_5mp", "Camera_12mp"):
        resolution = file.attribute("resolution", group)
        if resolution is not None:
            height, width = numbers(resolution, [(2,)], path, f"{group}.resolution")
            sizes |= dict.fromkeys(file.keys(group), size_at(width, height, path, f"{group}.resolution"))
    return sizes


FORMAT = Format(name="dna-rendering", title="DNA-Rendering SMC", matches=matches, read_cameras=read_cameras, unit="m")
