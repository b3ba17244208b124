"""COLMAP models: cameras and images, with rigs and frames since COLMAP 3.12, as text or binary files.

World-to-camera, OpenCV axes, quaternion w first, pixel (0, 0) at the corner. Where there are rigs and frames, an
image's pose is sensor_from_rig x rig_from_world, as COLMAP itself reads the folder: the poses in the images file may be
older. Source: COLMAP documentation, "Output Format" and "Rig Support".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from renderkit.errors import DatasetError
from renderkit.formats import colmap_binary, colmap_text, picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig
from renderkit.formats.colmap_records import CameraTable, ImageRecord, RigTable
from renderkit.formats.colmap_writing import write_binary_model, write_text_model
from renderkit.formats.format import Format
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import names_from_pictures
from renderkit.untrusted.content import Content
from renderkit.wording import counted, list_names

_LIMITS = Expressible(brown_conrady=8, kannala_brandt=True, skew=False, fold_over=False)
_SUBFOLDERS = ("", "sparse/0", "sparse")
_AGREE = 1e-6
"""Largest difference of two cam_from_world matrices that counts as rounding, relative to the size of the entries."""


def _folder(content: Content, suffix: str) -> Path | None:
    """Return the folder that holds cameras and images of this suffix: the path itself, its parent, or sparse/0."""
    if content.path.name in {f"{one}{suffix}" for one in ("cameras", "images", "rigs", "frames")}:
        base = [content.path.parent]
    else:
        base = [content.path / name for name in _SUBFOLDERS]
    return next((one for one in base if Content(one).has(f"cameras{suffix}", f"images{suffix}")), None)


def matches_text(content: Content) -> bool:
    """Return True for a folder (or its sparse/0) with cameras.txt and images.txt, or one of these files."""
    return _folder(content, ".txt") is not None


def matches_binary(content: Content) -> bool:
    """Return True for a folder (or its sparse/0) with cameras.bin and images.bin, or one of these files."""
    return _folder(content, ".bin") is not None


def read_text_model(content: Content) -> RawRig:
    """Read cameras.txt, images.txt, and rigs.txt with frames.txt where they are there."""
    folder = _folder(content, ".txt")
    if folder is None:
        raise DatasetError(content.path, None, "expected a folder with cameras.txt and images.txt")
    images, stripped = colmap_text.read_images(folder / "images.txt")
    has_rigs = Content(folder).has("rigs.txt", "frames.txt")
    rigs = colmap_text.read_rigs(folder / "rigs.txt", folder / "frames.txt") if has_rigs else None
    rig = _combine(colmap_text.read_cameras(folder / "cameras.txt"), images, rigs, content.path)
    rig = replace(rig, notes=(*rig.notes, *_half_a_rig(folder, ".txt"), *_other_models(content, folder, ".txt")))
    if not stripped:
        return rig
    note = (
        f"images.txt lacks the second line (2D points) of {stripped} of "
        f"{counted(len(images), 'image')}; every line is read"
    )
    return replace(rig, notes=(*rig.notes, note))


def read_binary_model(content: Content) -> RawRig:
    """Read cameras.bin, images.bin, and rigs.bin with frames.bin where they are there."""
    folder = _folder(content, ".bin")
    if folder is None:
        raise DatasetError(content.path, None, "expected a folder with cameras.bin and images.bin")
    images = colmap_binary.read_images(folder / "images.bin")
    has_rigs = Content(folder).has("rigs.bin", "frames.bin")
    rigs = colmap_binary.read_rigs(folder / "rigs.bin", folder / "frames.bin") if has_rigs else None
    rig = _combine(colmap_binary.read_cameras(folder / "cameras.bin"), images, rigs, content.path)
    return replace(rig, notes=(*rig.notes, *_half_a_rig(folder, ".bin"), *_other_models(content, folder, ".bin")))


def _half_a_rig(folder: Path, suffix: str) -> tuple[str, ...]:
    """Say where one of the two files of a rig is there without the other: neither is used then."""
    there = [name for name in (f"rigs{suffix}", f"frames{suffix}") if (folder / name).is_file()]
    if len(there) != 1:
        return ()
    return (
        f"{there[0]} is there without the other of rigs{suffix} and frames{suffix}: the images file's poses are used",
    )


def _other_models(content: Content, folder: Path, suffix: str) -> tuple[str, ...]:
    """Name the models beside sparse/0, where that was chosen and not named."""
    if folder == content.path or folder.name != "0":
        return ()
    beside = (one for one in folder.parent.iterdir() if one.name.isdecimal() and one != folder)
    others = sorted((one.name for one in beside if (one / f"cameras{suffix}").is_file()), key=int)
    if not others:
        return ()
    return (f"sparse/0 is read; beside it are other models, each in a world of its own: {list_names(others)}",)


def _combine(table: CameraTable, images: Sequence[ImageRecord], rigs: RigTable | None, path: Path) -> RawRig:
    names = names_from_pictures([image.name for image in images])
    cameras: list[RawCamera] = []
    failed: dict[str, DatasetError] = {}
    for name, image in zip(names, images, strict=True):
        own = table.cameras.get(image.camera_id)
        if own is not None:
            cameras.append(
                RawCamera(name, own.K, image.pose, coefficients=own.coefficients, model=own.model, size=own.size)
            )
        elif image.camera_id in table.failed:
            failed[name] = table.failed[image.camera_id]
        else:
            why = f"the image names camera {image.camera_id}, which the cameras file lacks"
            raise DatasetError(path, image.name, why)
    rig = RawRig(tuple(cameras), path, "unknown", failed=failed, order=names)
    return rig if rigs is None else _posed(rig, dict(zip(names, images, strict=True)), rigs)


def _posed(rig: RawRig, images: dict[str, ImageRecord], rigs: RigTable) -> RawRig:
    """Return the rig with the poses of rigs and frames, and notes where they contradict or lack those of the images."""
    cameras, differ, absent = [], [], []
    for camera in rig.cameras:
        pose = rigs.cam_from_world(images[camera.name])
        if pose is None:
            absent.append(camera.name)
        elif not np.abs(pose - camera.pose).max() <= _AGREE * max(1.0, float(np.abs(pose).max())):
            differ.append(camera.name)
        cameras.append(camera if pose is None else replace(camera, pose=pose))
    notes = []
    if differ:
        notes.append(
            f"rigs and frames contradict the poses of {counted(len(differ), 'image')} in "
            f"the images file ({list_names(differ)}); "
            "rigs and frames are used, as COLMAP does"
        )
    if absent:
        notes.append(f"rigs and frames state no pose of {list_names(absent)}; the one in the images file is used")
    return replace(rig, cameras=tuple(cameras), notes=(*rig.notes, *notes))


TEXT = Format(
    name="colmap",
    title="COLMAP text model",
    layout=picture_layout.COLMAP,
    matches=matches_text,
    read_cameras=read_text_model,
    write=write_text_model,
    limits=_LIMITS,
    names_pictures=True,
)
BINARY = Format(
    name="colmap-bin",
    title="COLMAP binary model",
    layout=picture_layout.COLMAP,
    matches=matches_binary,
    read_cameras=read_binary_model,
    write=write_binary_model,
    limits=_LIMITS,
    names_pictures=True,
)
