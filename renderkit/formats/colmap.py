"""COLMAP models: cameras.txt and images.txt, or cameras.bin and images.bin. World-to-camera, quaternion w first.

Source: COLMAP documentation, "Output Format"; colmap/src/colmap/scene/reconstruction_io_text.cc and
reconstruction_io_binary.cc.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats import picture_layout
from renderkit.formats.as_stated import RawCamera, RawRig, pose_matrix
from renderkit.formats.colmap_models import MODELS, NAME_OF_NUMBER, ColmapCamera, from_colmap, param_count, to_colmap
from renderkit.formats.format import Format, WriteOptions
from renderkit.formats.format_capability import Expressible
from renderkit.formats.names import names_from_pictures, picture_from_name, require_tokens
from renderkit.geometry.rig import Rig
from renderkit.geometry.rotation import matrix_from_quaternion, quaternion_from_matrix
from renderkit.untrusted.content import Content, exact, numbers, size_at, write_text
from renderkit.untrusted.files import read_bytes, read_text
from renderkit.writing import write_bytes

_LIMITS = Expressible(brown_conrady=8, kannala_brandt=True, skew=False, fold_over=False)
_SUBFOLDERS = ("", "sparse/0", "sparse")
_POINT_BYTES = 24
_RIG_FILES = ("rigs.bin", "frames.bin", "rigs.txt", "frames.txt")
_Image = tuple[str, int, FloatArray]
"""Picture name, camera id, (3, 4) pose."""


def _folder(content: Content, suffix: str) -> Path | None:
    """Return the folder that holds cameras and images of this suffix: the path itself, its parent, or sparse/0."""
    if content.path.name in {f"cameras{suffix}", f"images{suffix}"}:
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
    """Read cameras.txt and images.txt."""
    folder = _folder(content, ".txt")
    if folder is None:
        raise DatasetError(content.path, None, "expected a folder with cameras.txt and images.txt")
    cameras = _read_cameras_text(folder / "cameras.txt")
    return _combine(cameras, _read_images_text(folder / "images.txt"), content.path, folder)


def read_binary_model(content: Content) -> RawRig:
    """Read cameras.bin and images.bin."""
    folder = _folder(content, ".bin")
    if folder is None:
        raise DatasetError(content.path, None, "expected a folder with cameras.bin and images.bin")
    cameras = _read_cameras_binary(folder / "cameras.bin")
    return _combine(cameras, _read_images_binary(folder / "images.bin"), content.path, folder)


def _combine(cameras: Mapping[int, ColmapCamera], images: Sequence[_Image], path: Path, folder: Path) -> RawRig:
    raw = []
    for label, (picture, camera_id, pose) in zip(
        names_from_pictures([image[0] for image in images]), images, strict=True
    ):
        if camera_id not in cameras:
            raise DatasetError(folder, picture, f"the image names camera {camera_id}, which the cameras file lacks")
        own = cameras[camera_id]
        raw.append(RawCamera(label, own.K, pose, coefficients=own.coefficients, model=own.model, size=own.size))
    return RawRig(tuple(raw), path, "unknown")


def _read_cameras_text(path: Path) -> dict[int, ColmapCamera]:
    cameras = {}
    text = read_text(path)
    for index, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        key = f"line {index}"
        if len(words) < 5:
            raise DatasetError(path, key, f"expected CAMERA_ID MODEL WIDTH HEIGHT PARAMS[], found {line[:80]!r}")
        params = numbers(words[4:], [(None,)], path, key)
        size = size_at(words[2], words[3], path, key)
        cameras[_whole(words[0], path, key)] = from_colmap(words[1], size, params.tolist(), path, key)
    _check_count(text, "cameras", len(cameras), path)
    return cameras


def _check_count(text: str, what: str, found: int, path: Path) -> None:
    """Compare with the number in the comment that COLMAP writes at the head: a file that was cut off has fewer."""
    stated = re.search(rf"^#\s*Number of {what}:\s*(\d{{1,9}})\b", text, re.MULTILINE)
    if stated is not None and int(stated[1]) != found:
        why = f"the comment at the head states {stated[1]} {what}, {found} follow; the file was cut off"
        raise DatasetError(path, None, f"{why}, or was edited: correct or delete the comment")


def _read_images_text(path: Path) -> list[_Image]:
    images: list[_Image] = []
    text = read_text(path)
    lines = enumerate(text.splitlines(), start=1)
    for index, line in lines:
        words = line.split(maxsplit=9)
        if not words or words[0].startswith("#"):
            continue
        key = f"line {index}"
        if len(words) < 10:
            expected = "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"
            raise DatasetError(path, key, f"expected {expected}, found {line[:80]!r}")
        values = numbers(words[1:8], [(7,)], path, key)
        images.append((words[9].strip(), _whole(words[8], path, key), _pose(values)))
        # The second line of an image holds its 2D points; it is there even when it is empty.
        next(lines, None)
    _check_count(text, "images", len(images), path)
    return images


def _whole(word: str, path: Path, key: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise DatasetError(path, key, f"expected a whole number, found {word[:40]!r}") from error


def _pose(values: FloatArray) -> FloatArray:
    return pose_matrix(matrix_from_quaternion(values[:4]), values[4:])


class _Cursor:
    """Reads little-endian values off a byte string and names the file when it ends early."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = read_bytes(path)
        self.position = 0

    def take(self, layout: str) -> tuple[float, ...]:
        size = struct.calcsize("<" + layout)
        self.require(size)
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += size
        return values

    def require(self, size: int) -> None:
        left = len(self.data) - self.position
        if size > left:
            why = f"the file ends early: {size} bytes expected, {left} left; it was cut off or is no COLMAP file"
            raise DatasetError(self.path, f"byte {self.position}", why)

    def skip(self, size: int) -> None:
        self.require(size)
        self.position += size

    def text(self) -> str:
        end = self.data.find(b"\0", self.position)
        if end < 0:
            raise DatasetError(self.path, f"byte {self.position}", "the file ends inside an image name; it was cut off")
        raw, self.position = self.data[self.position : end], end + 1
        return raw.decode("utf-8", errors="surrogateescape")

    def finish(self) -> None:
        left = len(self.data) - self.position
        if left:
            raise DatasetError(
                self.path, f"byte {self.position}", f"{left} bytes follow the last entry; no COLMAP file"
            )


def _read_cameras_binary(path: Path) -> dict[int, ColmapCamera]:
    cursor = _Cursor(path)
    (count,) = cursor.take("Q")
    cameras = {}
    for index in range(int(count)):
        camera_id, model_id, width, height = cursor.take("IiQQ")
        key = f"camera {index}"
        name = NAME_OF_NUMBER.get(int(model_id), f"number {int(model_id)}")
        params = cursor.take("d" * param_count(name, path, key))
        cameras[int(camera_id)] = from_colmap(name, size_at(width, height, path, key), params, path, key)
    cursor.finish()
    return cameras


def _read_images_binary(path: Path) -> list[_Image]:
    cursor = _Cursor(path)
    (count,) = cursor.take("Q")
    images: list[_Image] = []
    for _ in range(int(count)):
        values = cursor.take("I7dI")
        name = cursor.text()
        (points,) = cursor.take("Q")
        cursor.skip(int(points) * _POINT_BYTES)
        images.append((name, int(values[8]), _pose(np.array(values[1:8]))))
    cursor.finish()
    return images


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
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(
            path, None, f"a COLMAP model is a folder, which cannot be made here: {error.strerror}"
        ) from error


TEXT = Format(
    name="colmap",
    title="COLMAP text model",
    layout=picture_layout.COLMAP,
    matches=matches_text,
    read_cameras=read_text_model,
    write=write_text_model,
    limits=_LIMITS,
)
BINARY = Format(
    name="colmap-bin",
    title="COLMAP binary model",
    layout=picture_layout.COLMAP,
    matches=matches_binary,
    read_cameras=read_binary_model,
    write=write_binary_model,
    limits=_LIMITS,
)
