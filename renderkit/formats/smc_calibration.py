"""Cameras in SMC files (HDF5): groups of K, D and RT, as RenderMe-360 and DNA-Rendering store them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, read_each
from renderkit.formats.format import WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import coefficients_at, extrinsics_at, intrinsics_at
from renderkit.formats.smc_files import SmcFiles
from renderkit.formats.unread import unread_notes
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.rig import Rig
from renderkit.images.header import encoded_size
from renderkit.untrusted.content import size_at
from renderkit.untrusted.hdf5 import SmallGroup
from renderkit.writing import new_file

DOCUMENTED_SIZE = (2448, 2048)
"""(width, height) in px of every camera of RenderMe-360; used where a file states no size and holds no picture."""

LIMITS = Expressible(brown_conrady=5, shared_size=True)
_KEYS = ("K", "D", "RT")
_MAX_MATRIX_BYTES = 1 << 12
_HEADER_BYTES = 256 << 10


class Hdf5Reader(Protocol):
    """What reads datasets: one HDF5 file, or the two of a capture."""

    def read_small(
        self, *groups: tuple[str, ...], names: Sequence[str], kinds: str = ..., max_bytes: int
    ) -> list[SmallGroup | DatasetError]:
        """Read small datasets of groups; see `Hdf5File.read_small`."""


def by_number(name: str) -> tuple[bool, int, str]:
    """Return the sorting key of a camera's or frame's name: numbers first, in numerical order."""
    is_number = name.isascii() and name.isdigit() and len(name) < 10
    return not is_number, int(name) if is_number else 0, name


@dataclass(frozen=True, eq=False)
class SmcCameras:
    """The cameras of a group.

    Attributes:
        cameras: Those that can be read.
        failed: By name, the errors of the others.
        notes: What is in their groups beside K, D and RT.
    """

    cameras: tuple[RawCamera, ...]
    failed: Mapping[str, DatasetError]
    notes: tuple[str, ...]


def read_smc_cameras(
    reader: Hdf5Reader, group: str, names: Sequence[str], path: Path, *, no_entry: Callable[[str], str]
) -> SmcCameras:
    """Read cameras, each for itself; RT is taken as camera-to-world, D as zeros where it is absent.

    A camera fails with a CalibrationError if an entry is absent, a link, stored elsewhere, too large or of a wrong
    shape.

    Args:
        reader: The file.
        group: The group of all cameras.
        names: The cameras.
        path: The file, for errors.
        no_entry: What to say where K or RT of a camera is absent.
    """
    others: list[dict[str, str]] = []
    groups = [(group, name) for name in names]
    matrices = dict(
        zip(names, reader.read_small(*groups, names=_KEYS, kinds="fiu", max_bytes=_MAX_MATRIX_BYTES), strict=True)
    )

    def read(name: str) -> RawCamera:
        found = matrices[name]
        if isinstance(found, DatasetError):
            raise CalibrationError(found.path, found.key, found.why)
        others.append({other: other for other in found.others})
        return _camera_of(found, f"{group}/{name}/", name, path, no_entry)

    cameras, failed = read_each(names, read)
    return SmcCameras(cameras, failed, unread_notes(others, _KEYS, where=f"{group}/*/"))


def _camera_of(found: SmallGroup, where: str, name: str, path: Path, no_entry: Callable[[str], str]) -> RawCamera:
    for key in ("K", "RT"):
        if key not in found.values:
            raise CalibrationError(path, f"{where}{key}", no_entry(name))
    K = intrinsics_at(found.values["K"], path, f"{where}K")
    pose = extrinsics_at(found.values["RT"], path, f"{where}RT")
    lens = coefficients_at(found.values.get("D"), path, f"{where}D")
    return RawCamera(name, K, pose, "world_from_cam", coefficients=lens)


def list_cameras(files: SmcFiles) -> tuple[str, ...]:
    """Return the names of all cameras of RenderMe-360 that have a picture, a matte or a calibration."""
    return tuple(sorted({*files.keys("Camera"), *files.keys("Calibration")}, key=by_number))


def read_calibration(files: SmcFiles, path: Path, names: tuple[str, ...], *, with_pictures: bool) -> RawRig:
    """Read RenderMe-360's Calibration, each camera for itself.

    Args:
        files: The capture's files.
        path: The file that was asked for.
        names: The cameras.
        with_pictures: Look up the size of every camera's first picture, also where the files state one.
    """
    size, notes = _stated_size(files, path)
    pictured = frozenset(files.keys("Camera"))
    missing = files.missing_sibling

    def no_entry(name: str) -> str:
        if missing is None:
            return f"camera {name} has no calibration in this capture"
        return f"camera {name} has no calibration here, and {missing.name}, which may hold it, is not beside it"

    found = read_smc_cameras(files, "Calibration", names, path, no_entry=no_entry)
    wanted = pictured if with_pictures or size is None else frozenset[str]()
    cameras = tuple(
        replace(one, size=size, picture_size=_first_picture_size(files, one.name) if one.name in wanted else None)
        for one in found.cameras
    )
    return RawRig(
        cameras,
        path,
        "m",
        notes=(*notes, *found.notes),
        failed=found.failed,
        order=names,
        documented_size=DOCUMENTED_SIZE,
    )


def _stated_size(files: SmcFiles, path: Path) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Return Camera's resolution, stored (height, width); what is no size is passed over with a note."""
    stated = files.attribute("resolution", "Camera")
    if stated is None:
        return None, ()
    try:
        height, width = np.asarray(stated).reshape(-1).tolist()
        return size_at(width, height, path, "Camera/@resolution"), ()
    except (DatasetError, ValueError):
        return None, (f"Camera/@resolution is not an image size (height, width) and is ignored: {str(stated)[:40]}",)


def _first_picture_size(files: SmcFiles, name: str) -> tuple[int, int] | None:
    """Return (width, height) of the camera's first photograph, else of its first matte; None where neither tells."""
    for kind in ("color", "mask"):
        for frame in files.keys("Camera", name, kind)[:1]:
            try:
                head = files.read("Camera", name, kind, frame, kinds="u", first=_HEADER_BYTES)
            except DatasetError:
                continue  # a picture that cannot be read is an error of its own view
            size = None if head is None or head.ndim != 1 else encoded_size(head.astype(np.uint8).tobytes())
            if size is not None:
                return size
    return None


def write_calibration(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001 - one signature
    """Write Calibration and Camera's resolution.

    Raises:
        DatasetError: If the file cannot be written, or cannot carry a camera's name.
    """
    import h5py  # noqa: PLC0415 - loaded only where an SMC file is written

    for name in rig.cameras:
        if not name or "/" in name or name == ".":
            raise DatasetError(path, name, f"an SMC file cannot carry the camera name {name!r}; rename the camera")
    sizes = {camera.size for camera in rig}
    with new_file(path) as temporary, h5py.File(temporary, "w") as file:
        file.create_group("Camera").attrs.update({"num_device": len(rig), "num_frame": 0})
        for width, height in sizes:
            file["Camera"].attrs["resolution"] = (height, width)
        for name, camera in rig.cameras.items():
            lens = camera.distortion
            group = file.create_group(f"Calibration/{name}")
            group["K"] = camera.K
            group["D"] = lens.padded[:5] if isinstance(lens, BrownConrady) else np.zeros(5)
            group["RT"] = camera.cam_from_world.inverse().matrix
    return ()
