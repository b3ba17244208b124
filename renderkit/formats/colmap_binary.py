"""The binary form of COLMAP models: cameras.bin, images.bin, rigs.bin, frames.bin; little-endian.

Source: colmap/src/colmap/scene/reconstruction_io_binary.cc.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import UnsupportedLensError
from renderkit.formats.colmap_models import NAME_OF_NUMBER, ColmapCamera, from_colmap, param_count
from renderkit.formats.colmap_records import (
    IDENTITY,
    CameraTable,
    FrameRecord,
    ImageRecord,
    RigTable,
    pose_of,
    require_unique,
)
from renderkit.untrusted.content import size_at
from renderkit.untrusted.files import read_bytes
from renderkit.wording import counted

_POINT_BYTES = 24
_CAMERA_TYPE = 0
"""The number of the sensor type CAMERA; IMU is 1."""


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
            why = f"the file ends early: {size} bytes expected, {left} left; it was cut off or is not a COLMAP file"
            raise DatasetError(self.path, f"byte {self.position}", why)

    def skip(self, size: int) -> None:
        self.require(size)
        self.position += size

    def pose(self) -> FloatArray:
        return pose_of(np.array(self.take("7d")))

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
                self.path, f"byte {self.position}", f"{counted(left, 'byte')} after the last entry: not a COLMAP file"
            )


def read_cameras(path: Path) -> CameraTable:
    """Read cameras.bin; a lens model that has no place in ours fails for its camera only.

    Raises:
        DatasetError: If the file ends early, or a model's number is unknown.
    """
    cursor = _Cursor(path)
    (count,) = cursor.take("Q")
    cameras: dict[int, ColmapCamera] = {}
    failed: dict[int, DatasetError] = {}
    ids: list[int] = []
    for index in range(int(count)):
        camera_id, model_id, width, height = cursor.take("IiQQ")
        key = f"camera {index}"
        ids.append(int(camera_id))
        name = NAME_OF_NUMBER.get(int(model_id), f"number {int(model_id)}")
        params = cursor.take("d" * param_count(name, path, key))
        try:
            cameras[int(camera_id)] = from_colmap(name, size_at(width, height, path, key), params, path, key)
        except UnsupportedLensError as error:
            failed[int(camera_id)] = error
    cursor.finish()
    require_unique(ids, path, "camera")
    return CameraTable(cameras, failed)


def read_images(path: Path) -> list[ImageRecord]:
    """Read images.bin.

    Raises:
        DatasetError: If the file ends early.
    """
    cursor = _Cursor(path)
    (count,) = cursor.take("Q")
    images: list[ImageRecord] = []
    for _ in range(int(count)):
        values = cursor.take("I7dI")
        name = cursor.text()
        (points,) = cursor.take("Q")
        cursor.skip(int(points) * _POINT_BYTES)
        images.append(ImageRecord(int(values[0]), name, int(values[8]), pose_of(np.array(values[1:8]))))
    cursor.finish()
    require_unique([image.number for image in images], path, "image")
    return images


def read_rigs(path: Path, frames: Path) -> RigTable:
    """Read rigs.bin and frames.bin.

    Raises:
        DatasetError: If a file ends early.
    """
    cursor = _Cursor(path)
    (count,) = cursor.take("Q")
    sensors: dict[tuple[int, int], FloatArray | None] = {}
    for _ in range(int(count)):
        rig, num_sensors = cursor.take("II")
        for index in range(int(num_sensors)):
            kind, sensor = cursor.take("iI")
            pose: FloatArray | None = IDENTITY
            if index:
                (has_pose,) = cursor.take("B")
                pose = cursor.pose() if has_pose else None
            if kind == _CAMERA_TYPE:
                sensors[int(rig), int(sensor)] = pose
    cursor.finish()
    return RigTable(sensors, _read_frames(frames))


def _read_frames(path: Path) -> dict[int, FrameRecord]:
    cursor = _Cursor(path)
    (count,) = cursor.take("Q")
    by_image: dict[int, FrameRecord] = {}
    for _ in range(int(count)):
        _, rig = cursor.take("II")
        pose = cursor.pose()
        (num_data,) = cursor.take("I")
        for _ in range(int(num_data)):
            kind, sensor, data = cursor.take("iIQ")
            if kind == _CAMERA_TYPE:
                by_image[int(data)] = FrameRecord(int(rig), int(sensor), pose)
    cursor.finish()
    return by_image
