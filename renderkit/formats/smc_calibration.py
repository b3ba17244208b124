"""Cameras in SMC files (HDF5): groups of K, D and RT, as RenderMe-360 and DNA-Rendering store them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig, read_each
from renderkit.formats.format import WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.matrices import coefficients_at, extrinsics_at, intrinsics_at
from renderkit.formats.smc_files import SmcFiles
from renderkit.geometry.distortion import BrownConrady
from renderkit.geometry.rig import Rig
from renderkit.images.header import encoded_size
from renderkit.untrusted.content import size_at
from renderkit.writing import new_file

DOCUMENTED_SIZE = (2448, 2048)
"""(width, height) in px of every camera of RenderMe-360; used where a file states no size and holds no picture."""

LIMITS = Expressible(brown_conrady=5, shared_size=True)
_MAX_MATRIX_BYTES = 1 << 12
_HEADER_BYTES = 256 << 10


class Hdf5Reader(Protocol):
    """What reads datasets: one HDF5 file, or the two of a capture."""

    def read(self, *path: str, kinds: str = ..., max_bytes: int = ..., first: int | None = ...) -> NDArray[Any] | None:
        """Read a dataset; see `Hdf5File.read`."""


def by_number(name: str) -> tuple[bool, int, str]:
    """Return the sorting key of a camera's or frame's name: numbers first, in numerical order."""
    is_number = name.isascii() and name.isdigit() and len(name) < 10
    return not is_number, int(name) if is_number else 0, name


def read_smc_camera(reader: Hdf5Reader, group: str, name: str, path: Path, no_entry: str) -> RawCamera:
    """Read one camera; RT is taken as camera-to-world, D as zeros where it is absent.

    Args:
        reader: The file.
        group: The group of all cameras.
        name: The camera.
        path: The file, for errors.
        no_entry: What to say where K or RT is absent.

    Raises:
        CalibrationError: If an entry is absent, a link, stored elsewhere, too large or of a wrong shape.
    """
    values: dict[str, NDArray[Any] | None] = {}
    for key in ("K", "D", "RT"):
        try:
            values[key] = reader.read(group, name, key, kinds="fiu", max_bytes=_MAX_MATRIX_BYTES)
        except DatasetError as error:
            raise CalibrationError(error.path, error.key, error.why) from error
        if values[key] is None and key != "D":
            raise CalibrationError(path, f"{group}/{name}/{key}", no_entry)
    where = f"{group}/{name}/"
    try:
        K, pose = intrinsics_at(values["K"], path, f"{where}K"), extrinsics_at(values["RT"], path, f"{where}RT")
        return RawCamera(name, K, pose, "world_from_cam", coefficients=coefficients_at(values["D"], path, f"{where}D"))
    except CalibrationError:
        raise
    except DatasetError as error:
        raise CalibrationError(error.path, error.key, error.why) from error


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

    def read(name: str) -> RawCamera:
        no_entry = f"camera {name} has no calibration in this capture"
        if missing is not None:
            no_entry = f"camera {name} has no calibration here, and {missing.name}, which may hold it, is not beside it"
        camera = read_smc_camera(files, "Calibration", name, path, no_entry)
        is_wanted = name in pictured and (with_pictures or size is None)
        picture_size = _first_picture_size(files, name) if is_wanted else None
        return replace(camera, size=size, picture_size=picture_size)

    cameras, failed = read_each(names, read)
    return RawRig(cameras, path, "m", notes=notes, failed=failed, order=names, documented_size=DOCUMENTED_SIZE)


def _stated_size(files: SmcFiles, path: Path) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Return Camera's resolution, stored (height, width); what is no size is passed over with a note."""
    stated = files.attribute("resolution", "Camera")
    if stated is None:
        return None, ()
    try:
        height, width = np.asarray(stated).reshape(-1).tolist()
        return size_at(width, height, path, "Camera/@resolution"), ()
    except (DatasetError, ValueError):
        return None, (f"Camera/@resolution is no image size (height, width) and is passed over: {str(stated)[:40]}",)


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
    """Write Calibration and Camera's resolution."""
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
