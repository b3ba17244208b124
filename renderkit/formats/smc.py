"""SMC files (HDF5): RenderMe-360's Calibration, read and written, and DNA-Rendering's Camera_Parameter, read only.

RT is camera-to-world with OpenCV axes in metres. For DNA-Rendering that is not documented: both readings are tried and
the one whose optical axes meet in front of the cameras is taken and named.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import PoseDirection, RawCamera, RawRig
from renderkit.formats.format import RigFormat, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.geometry.convergence import converge
from renderkit.geometry.distortion import BrownConrady
from renderkit.geometry.rig import Rig
from renderkit.images.encoded import encoded_size
from renderkit.untrusted.content import Content, numbers, size_at
from renderkit.writing import new_file

_LIMITS = Expressible(brown_conrady=5, shared_size=True)
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_MAX_PICTURE_BYTES = 64 << 20
Hdf5Entry: TypeAlias = Any
"""A file, group or dataset of h5py, which has no type stubs."""


@contextmanager
def _opened(path: Path) -> Iterator[Hdf5Entry]:
    import h5py  # noqa: PLC0415 - loaded only where an SMC file is read

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DatasetError(path, None, f"is not a readable HDF5 file: {error}") from error
    with file:
        yield file


def _sibling(path: Path) -> Path | None:
    """Return the other file of a capture: <id>_raw.smc beside <id>_anno.smc."""
    for mine, other in (("_raw.smc", "_anno.smc"), ("_anno.smc", "_raw.smc")):
        if path.name.endswith(mine):
            beside = path.with_name(path.name[: -len(mine)] + other)
            return beside if beside.is_file() else None
    return None


def matches_renderme360(content: Content) -> bool:
    """Return True for HDF5 with Calibration, or whose sibling has it."""
    return content.head.startswith(_HDF5_MAGIC) and _calibration_file(content.path) is not None


def matches_dna_rendering(content: Content) -> bool:
    """Return True for HDF5 with Camera_Parameter."""
    return content.head.startswith(_HDF5_MAGIC) and _has_group(content.path, "Camera_Parameter")


def _has_group(path: Path, name: str) -> bool:
    with _opened(path) as file:
        return name in file


def _calibration_file(path: Path) -> Path | None:
    sibling = _sibling(path)
    return next((one for one in (path, sibling) if one is not None and _has_group(one, "Calibration")), None)


def read_renderme360(content: Content) -> RawRig:
    """Read Calibration, with the resolution and the picture sizes of Camera from either file of the capture."""
    path = _calibration_file(content.path)
    if path is None:
        raise DatasetError(content.path, "Calibration", "the group is missing here and in the sibling file")
    size, pictures = _camera_sizes(path)
    sibling = _sibling(path)
    if sibling is not None:
        other_size, other_pictures = _camera_sizes(sibling)
        size, pictures = size or other_size, other_pictures | pictures
    with _opened(path) as file:
        cameras = tuple(
            replace(camera, size=size, picture_size=pictures.get(camera.name))
            for camera in _read_group(file, "Calibration", path)
        )
    return RawRig(cameras, content.path, "m", "renderme360")


def _read_group(file: Hdf5Entry, key: str, path: Path) -> tuple[RawCamera, ...]:
    """Read every camera of a group, in numerical order."""
    parent = _checked(file, key, path)
    if not hasattr(parent, "keys"):
        raise DatasetError(path, key, "expected a group of cameras")
    names = sorted(parent.keys(), key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
    return tuple(_read_camera(_checked(parent, name, path), f"{key}/{name}", name, path) for name in names)


def _checked(group: Hdf5Entry, name: str, path: Path) -> Hdf5Entry:
    """Return an entry that is there by a hard link: soft and external links could lead out of the file."""
    import h5py  # noqa: PLC0415

    if not isinstance(group, h5py.Group) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        where = f"{getattr(group, 'name', '')}/{name}".strip("/")
        raise DatasetError(path, where, f"the entry {name!r} is missing (or is a link, which is refused)")
    return group[name]


def _array(group: Hdf5Entry, name: str, shapes: list[tuple[int | None, ...]], path: Path, key: str) -> FloatArray:
    entry = _checked(group, name, path)
    if not hasattr(entry, "shape") or entry.size > 64 or entry.external or entry.is_virtual:
        raise DatasetError(path, f"{key}/{name}", f"expected a small array of shape {shapes[0]}")
    return numbers(entry[()], shapes, path, f"{key}/{name}")


def _read_camera(group: Hdf5Entry, key: str, name: str, path: Path) -> RawCamera:
    K = _array(group, "K", [(3, 3)], path, key)
    lens = _array(group, "D", [(None,), (1, None), (None, 1)], path, key).ravel()
    pose = _array(group, "RT", [(4, 4), (3, 4)], path, key)[:3]
    return RawCamera(name, K, pose, "world_from_cam", coefficients=tuple(lens.tolist()))


def _camera_sizes(path: Path) -> tuple[tuple[int, int] | None, dict[str, tuple[int, int]]]:
    """Return Camera's resolution (stored height, width) and the size of each camera's first picture."""
    with _opened(path) as file:
        if "Camera" not in file:
            return None, {}
        camera = _checked(file, "Camera", path)
        resolution = camera.attrs.get("resolution")
        size = None
        if resolution is not None:
            height, width = numbers(resolution, [(2,)], path, "Camera.resolution")
            size = size_at(width, height, path, "Camera.resolution")
        sizes = {name: _first_picture_size(camera[name], path) for name in camera}
    return size, {name: one for name, one in sizes.items() if one is not None}


def _first_picture_size(group: Hdf5Entry, path: Path) -> tuple[int, int] | None:
    if not hasattr(group, "keys") or "color" not in group or not len(group["color"]):
        return None
    color = _checked(group, "color", path)
    entry = _checked(color, next(iter(color)), path)
    if not hasattr(entry, "shape") or entry.size > _MAX_PICTURE_BYTES or entry.external or entry.is_virtual:
        return None
    return encoded_size(np.asarray(entry[()], np.uint8).tobytes())


def read_dna_rendering(content: Content) -> RawRig:
    """Read Camera_Parameter; the direction of RT is tested, see the notes of the result."""
    path = content.path
    with _opened(path) as file:
        cameras = _read_group(file, "Camera_Parameter", path)
        sizes = _dna_sizes(file, path)
    cameras = tuple(replace(camera, size=sizes.get(camera.name)) for camera in cameras)
    direction, note = _test_direction(cameras)
    cameras = tuple(replace(camera, direction=direction) for camera in cameras)
    return RawRig(cameras, path, "m", "dna-rendering", (note,))


def _dna_sizes(file: Hdf5Entry, path: Path) -> dict[str, tuple[int, int]]:
    sizes: dict[str, tuple[int, int]] = {}
    for group in ("Camera_5mp", "Camera_12mp"):
        if group in file:
            entry = _checked(file, group, path)
            if "resolution" in entry.attrs:
                height, width = numbers(entry.attrs["resolution"], [(2,)], path, f"{group}.resolution")
                sizes |= dict.fromkeys(entry.keys(), size_at(width, height, path, f"{group}.resolution"))
    return sizes


def _test_direction(cameras: tuple[RawCamera, ...]) -> tuple[PoseDirection, str]:
    angles: dict[PoseDirection, float] = {}
    for direction in ("world_from_cam", "cam_from_world"):
        poses = np.array([replace(camera, direction=direction).cam_from_world for camera in cameras]).reshape(-1, 3, 4)
        centers = -np.einsum("nij,ni->nj", poses[:, :, :3], poses[:, :, 3])
        angles[direction] = converge(centers, poses[:, 2, :3]).median_angle_deg
    best: PoseDirection = "world_from_cam"
    if angles["cam_from_world"] < angles["world_from_cam"]:
        best = "cam_from_world"
    seen = ", ".join(f"{name} {angle:.1f} deg" for name, angle in angles.items())
    return best, f"the direction of RT is undocumented; read as {best} (median angle off the meeting point: {seen})"


def write_renderme360(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:  # noqa: ARG001
    """Write Calibration and Camera's resolution."""
    import h5py  # noqa: PLC0415

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


RENDERME360 = RigFormat(
    "renderme360",
    "RenderMe-360 SMC calibration",
    matches_renderme360,
    read_renderme360,
    _LIMITS,
    write_renderme360,
    unit="m",
)
DNA_RENDERING = RigFormat("dna-rendering", "DNA-Rendering SMC", matches_dna_rendering, read_dna_rendering)
