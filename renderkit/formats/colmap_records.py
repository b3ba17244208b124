"""What a COLMAP model states, the same in its text and binary form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import pose_matrix
from renderkit.formats.colmap_models import ColmapCamera
from renderkit.geometry.rotation import matrix_from_quaternion

CAMERA_SENSOR = "CAMERA"
"""The sensor type of rigs and frames that is a camera; others (IMU) have no pictures."""


@dataclass(frozen=True)
class CameraTable:
    """cameras.txt or cameras.bin.

    Attributes:
        cameras: By camera id.
        failed: By camera id, those whose lens model has no place in ours.
    """

    cameras: Mapping[int, ColmapCamera]
    failed: Mapping[int, DatasetError]


@dataclass(frozen=True, eq=False)
class ImageRecord:
    """One image of images.txt or images.bin.

    Attributes:
        number: Its id.
        name: Its picture, relative to the folder of the pictures.
        camera_id: Its camera.
        pose: (3, 4) cam_from_world as stated here; `RigTable` overrules it.
    """

    number: int
    name: str
    camera_id: int
    pose: FloatArray


@dataclass(frozen=True, eq=False)
class FrameRecord:
    """One image's place in frames.txt or frames.bin.

    Attributes:
        rig_id: The rig.
        camera_id: The camera of that rig.
        rig_from_world: (3, 4) pose of the rig in this frame.
    """

    rig_id: int
    camera_id: int
    rig_from_world: FloatArray


@dataclass(frozen=True, eq=False)
class RigTable:
    """rigs and frames, which COLMAP 3.12 and later write beside cameras and images.

    Attributes:
        sensors: By rig id and camera id, (3, 4) cam_from_rig; None where the file states none.
        frames: By image id.
    """

    sensors: Mapping[tuple[int, int], FloatArray | None] = field(default_factory=dict)
    frames: Mapping[int, FrameRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "sensors", MappingProxyType(dict(self.sensors)))
        object.__setattr__(self, "frames", MappingProxyType(dict(self.frames)))

    def cam_from_world(self, image: ImageRecord) -> FloatArray | None:
        """Return (3, 4) sensor_from_rig x rig_from_world of an image; None where the tables do not tell."""
        frame = self.frames.get(image.number)
        if frame is None:
            return None
        sensor = self.sensors.get((frame.rig_id, frame.camera_id))
        if sensor is None:
            return None
        rig = frame.rig_from_world
        # What overflows becomes NaN, and is refused with the camera's name.
        with np.errstate(over="ignore", invalid="ignore"):
            return pose_matrix(sensor[:, :3] @ rig[:, :3], sensor[:, :3] @ rig[:, 3] + sensor[:, 3])


IDENTITY = np.eye(4)[:3]
IDENTITY.setflags(write=False)


def require_unique(numbers: Sequence[int], path: Path, what: str) -> None:
    """Refuse a number that two entries have.

    Raises:
        DatasetError: Naming the first that repeats.
    """
    if len(set(numbers)) < len(numbers):
        twice = next(number for index, number in enumerate(numbers) if number in numbers[:index])
        raise DatasetError(path, f"{what} {twice}", f"two entries have this number; a {what}'s is unique in COLMAP")


def pose_of(values: FloatArray) -> FloatArray:
    """Return (3, 4) [R | t] of QW QX QY QZ TX TY TZ."""
    return pose_matrix(matrix_from_quaternion(values[:4]), values[4:])
