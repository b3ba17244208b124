"""Image sizes for formats that state none: from the pictures beside, an option, or the principal points."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.names import PICTURE_SUFFIXES
from renderkit.images.header import encoded_size
from renderkit.untrusted.files import read_head
from renderkit.wording import counted, list_names

KNOWN_SENSORS = ((2448, 2048), (4096, 3000), (1334, 2048), (2048, 1334), (667, 1024), (2200, 3208), (640, 480))
"""(width, height) of RenderMe-360, DNA-Rendering, Multiface and ava-256, NeRSemble and Middlebury."""

_NEAR = 0.06
_HEADER_BYTES = 256 << 10


def with_sizes(rig: RawRig, size: tuple[int, int] | None) -> RawRig:
    """Return the rig with the image size of every camera filled in.

    The size of a camera is, in this order: what its file states; its picture's beside the file; `size`; what its
    dataset documents; and last twice the principal point, snapped to a known sensor where the whole rig fits one. The
    last two are assumptions and noted.
    """
    pictures = find_picture_sizes(rig.path, [camera.name for camera in rig.cameras])
    known = tuple(
        replace(camera, picture_size=pictures[camera.name])
        if camera.picture_size is None and camera.name in pictures
        else camera
        for camera in rig.cameras
    )
    filled = tuple(_from_known(camera, size) for camera in known)
    if all(camera.size is not None for camera in filled):
        return replace(rig, cameras=filled)
    _require_center([camera for camera in filled if camera.size is None], rig.path)
    assumed, how = _assume([camera for camera in filled if camera.size is None], rig.documented_size)
    count = sum(camera.size is None for camera in filled)
    cameras = tuple(
        camera if camera.size is not None else camera.with_size(assumed or _twice_center(camera), "assumed")
        for camera in filled
    )
    note = f"no image size for {count} of {counted(len(filled), 'camera')}: {how}; give it with --size WIDTHxHEIGHT"
    return replace(rig, cameras=cameras, notes=(*rig.notes, note))


def _from_known(camera: RawCamera, size: tuple[int, int] | None) -> RawCamera:
    if camera.size is not None:
        return camera
    if camera.picture_size is not None:
        return camera.with_size(camera.picture_size, "pictures")
    if size is not None:
        return camera.with_size(size, "option")
    return camera


def _require_center(cameras: Sequence[RawCamera], path: Path) -> None:
    """Refuse cameras whose K itself depends on the size: nothing could be assumed from it."""
    waiting = [camera.name for camera in cameras if camera.K_from_size is not None]
    if waiting:
        what = (
            f"no image size for {counted(len(waiting), 'camera')} "
            f"({list_names(waiting)}), on which their focal length or centre"
        )
        why = f"{what} depends; expected it in the file, or the pictures that the file names beside it"
        raise DatasetError(path, None, f"{why}. Give it with --size WIDTHxHEIGHT")


def _assume(cameras: Sequence[RawCamera], documented: tuple[int, int] | None) -> tuple[tuple[int, int] | None, str]:
    """Return the documented size, or a known sensor that the rig's median principal point fits, or None; and why."""
    if documented is not None:
        return documented, f"{documented[0]} x {documented[1]} is assumed, as the dataset documents"
    centers = np.array([camera.K[:2, 2] for camera in cameras])
    finite = centers[np.isfinite(centers).all(axis=1)]
    if len(finite):
        middle = 2.0 * np.median(finite, axis=0) + 1.0
        for sensor in KNOWN_SENSORS:
            if (np.abs(middle / np.array(sensor) - 1.0) < _NEAR).all():
                text = f"{sensor[0]} x {sensor[1]} is assumed, a known sensor that the median principal point fits"
                return sensor, text
    return None, "twice the principal point is assumed for each"


def _twice_center(camera: RawCamera) -> tuple[int, int]:
    center = camera.K[:2, 2]
    if not np.isfinite(center).all() or (np.abs(center) > 1 << 20).any():
        return 1, 1
    width, height = (max(1, round(2.0 * float(value) + 1.0)) for value in center)
    return width, height


def find_picture_sizes(path: Path, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return (width, height) of the pictures beside a camera file that are named after its cameras.

    Looked for: `<name>.png` (or .jpg ...) in the folder and in its images/, and the first picture of images/<name>/ or
    <name>/. Only headers are read.
    """
    folder = path if path.is_dir() else path.parent
    places = [one for one in (folder, folder / "images") if one.is_dir()]
    found: dict[str, tuple[int, int]] = {}
    for place in places:
        entries = {entry.name: entry for entry in os.scandir(place)}
        for name in names:
            if name in found or "/" in name or "\\" in name:
                continue
            candidates = [name, *(name + suffix for suffix in PICTURE_SUFFIXES)]
            size = next((_entry_size(entries[one]) for one in candidates if one in entries), None)
            if size is not None:
                found[name] = size
    return found


def sorted_pictures(folder: Path) -> list[Path]:
    """Return the picture files of a folder in the order of their names; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(Path(one.path) for one in os.scandir(folder) if one.name.lower().endswith(PICTURE_SUFFIXES))


def _entry_size(entry: os.DirEntry[str]) -> tuple[int, int] | None:
    # Unlike the entry's own question, a path's takes a loop of links for nothing there.
    path = Path(entry.path)
    if path.is_file():
        return picture_file_size(path)
    if not path.is_dir():
        return None
    inside = (Path(one.path) for one in os.scandir(entry.path) if one.name.lower().endswith(PICTURE_SUFFIXES))
    first = min(inside, default=None)
    return picture_file_size(first) if first is not None else None


def picture_file_size(path: Path) -> tuple[int, int] | None:
    """Return (width, height) in px of a picture file; None for what is neither PNG nor JPEG."""
    return encoded_size(read_head(path, _HEADER_BYTES))
