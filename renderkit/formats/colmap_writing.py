"""Writes COLMAP models; see `colmap`."""

from __future__ import annotations

import struct
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.colmap_models import MODELS, to_colmap
from renderkit.formats.format import WriteOptions
from renderkit.formats.names import picture_from_name, require_tokens
from renderkit.geometry.rig import Rig
from renderkit.geometry.rotation import quaternion_from_matrix
from renderkit.untrusted.content import exact
from renderkit.writing import make_folder, write_bytes, write_text

_RIG_FILES = ("rigs.bin", "frames.bin", "rigs.txt", "frames.txt")


def write_text_model(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:
    """Write cameras.txt, images.txt and an empty points3D.txt into the folder `path`."""
    require_tokens(rig.cameras, path, "", "COLMAP")
    _make_folder(path, stale=("cameras.bin", "images.bin", *_RIG_FILES))
    cameras = ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"]
    images = ["# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME", "# POINTS2D[] as (X, Y, POINT3D_ID)"]
    for number, (name, camera) in enumerate(rig.cameras.items(), start=1):
        model, params = to_colmap(camera)
        cameras.append(f"{number} {model} {camera.width} {camera.height} {' '.join(map(exact, params))}")
        pose = camera.cam_from_world
        values = " ".join(map(exact, (*quaternion_from_matrix(pose.R), *pose.t)))
        images += [f"{number} {values} {number} {picture_from_name(name, options.picture_suffix)}", ""]
    write_text(path / "cameras.txt", "\n".join(cameras) + "\n")
    write_text(path / "images.txt", "\n".join(images) + "\n")
    write_text(path / "points3D.txt", "# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[]\n")
    return ()


def write_binary_model(rig: Rig, path: Path, options: WriteOptions) -> tuple[str, ...]:
    """Write cameras.bin, images.bin and an empty points3D.bin into the folder `path`."""
    require_tokens(rig.cameras, path, "", "COLMAP")
    _make_folder(path, stale=_RIG_FILES)
    cameras = [struct.pack("<Q", len(rig))]
    images = [struct.pack("<Q", len(rig))]
    for number, (name, camera) in enumerate(rig.cameras.items(), start=1):
        model, params = to_colmap(camera)
        cameras.append(
            struct.pack(f"<IiQQ{len(params)}d", number, MODELS[model].number, camera.width, camera.height, *params)
        )
        pose = camera.cam_from_world
        picture = picture_from_name(name, options.picture_suffix).encode("utf-8", errors="surrogateescape")
        images.append(struct.pack("<I7dI", number, *quaternion_from_matrix(pose.R), *pose.t, number))
        images.append(picture + b"\0" + struct.pack("<Q", 0))
    for file, parts in (("cameras.bin", cameras), ("images.bin", images), ("points3D.bin", [struct.pack("<Q", 0)])):
        write_bytes(path / file, b"".join(parts))
    return ()


def _make_folder(path: Path, stale: tuple[str, ...]) -> None:
    """Make the folder, and refuse one with files of another model that COLMAP would read with or before ours."""
    left = [name for name in stale if (path / name).exists()]
    if left:
        why = f"holds {', '.join(left)} of another model, which COLMAP would read too; choose another folder"
        raise DatasetError(path, None, why)
    make_folder(path)
