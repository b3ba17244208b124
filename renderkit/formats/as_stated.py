"""Cameras exactly as a file states them, before anything is checked: what the lint looks at.

A reader yields raw cameras; `RawRig.to_rig` turns them into checked ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import CalibrationError, DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import (
    pose_from_gl_cam_from_world,
    pose_from_gl_world_from_cam,
    pose_from_world_from_cam,
)
from renderkit.geometry.distortion import Distortion, KannalaBrandt, ModelName, make_distortion
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

PoseDirection: TypeAlias = Literal["cam_from_world", "world_from_cam"]
CameraAxes: TypeAlias = Literal["opencv", "opengl"]
SizeSource: TypeAlias = Literal["file", "pictures", "option", "assumed", "unknown"]
Unit: TypeAlias = Literal["m", "mm", "unknown"]

_FLIP = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class RawCamera:
    """One camera as its file states it.

    Attributes:
        name: The camera's name.
        K: (3, 3) intrinsics in px, moved to our pixel origin (centre of the top-left pixel) and otherwise as given.
        pose: (3, 4) [R | t] as given.
        direction: Which way `pose` maps.
        axes: The camera axes of `pose`.
        coefficients: (C,) distortion coefficients in OpenCV's order.
        model: Which distortion model they belong to.
        size: (width, height) in px, or None where the file has none.
        size_source: Where `size` comes from.
        picture_size: (width, height) of this camera's picture beside the file, or None.
    """

    name: str
    K: FloatArray
    pose: FloatArray
    direction: PoseDirection = "cam_from_world"
    axes: CameraAxes = "opencv"
    coefficients: Sequence[float] = ()
    model: ModelName = "brown_conrady"
    size: tuple[int, int] | None = None
    size_source: SizeSource = "file"
    picture_size: tuple[int, int] | None = None

    @property
    def cam_from_world(self) -> FloatArray:
        """(3, 4) world-to-camera matrix with OpenCV axes, unchecked; a rotation is inverted by its transpose."""
        rotation, translation = self.pose[:, :3], self.pose[:, 3]
        if self.direction == "world_from_cam":
            rotation, translation = rotation.T, -rotation.T @ translation
        if self.axes == "opengl":
            rotation, translation = _FLIP[:, None] * rotation, _FLIP * translation
        return np.column_stack([rotation, translation])

    def to_pose(self) -> Pose:
        """Return the checked cam_from_world.

        Raises:
            ValueError: If the pose is not finite or R is not a rotation.
        """
        if self.direction == "world_from_cam":
            return (pose_from_world_from_cam if self.axes == "opencv" else pose_from_gl_world_from_cam)(self.pose)
        return Pose.from_matrix(self.pose) if self.axes == "opencv" else pose_from_gl_cam_from_world(self.pose)

    def to_distortion(self) -> Distortion:
        """Return the checked lens model.

        Raises:
            ValueError: If the coefficients are not finite or not as many as the model takes.
        """
        return _lens(self.model, tuple(self.coefficients))

    def to_camera(self) -> Camera:
        """Return the checked camera.

        Raises:
            ValueError: If any number is not that of a camera.
        """
        if self.size is None:
            raise ValueError("the image size is unknown; give it as an option")
        return Camera(self.K, self.size[0], self.size[1], self.to_distortion(), self.to_pose(), self.name)


@dataclass(frozen=True, eq=False)
class RawRig:
    """The cameras of one file as it states them.

    Attributes:
        cameras: The cameras, in the file's order.
        path: The file or folder.
        unit: The unit that the format promises.
        format: The format's name.
        notes: What the reader had to assume, for the user.
        failed: By name, the cameras that cannot be read, and why; they are not among `cameras`.
        order: Names of all cameras in the file's order, where some failed.
        documented_size: (width, height) in px that the dataset documents, for cameras whose size nothing else tells.
    """

    cameras: tuple[RawCamera, ...]
    path: Path
    unit: Unit = "unknown"
    format: str = ""
    notes: tuple[str, ...] = ()
    failed: Mapping[str, DatasetError] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    documented_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "failed", MappingProxyType(dict(self.failed)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all cameras, those that cannot be read among them."""
        return self.order or (*(camera.name for camera in self.cameras), *self.failed)

    def raise_failed(self) -> None:
        """Raise the error of the first camera that cannot be read, if there is one."""
        for error in self.failed.values():
            raise type(error)(error.path, error.key, error.why) from error

    def to_rig(self) -> Rig:
        """Return the checked cameras.

        Raises:
            CalibrationError: Naming the file and the first camera that is not one.
            DatasetError: If a camera cannot be read.
        """
        self.raise_failed()
        cameras: dict[str, Camera] = {}
        for raw in self.cameras:
            if raw.name in cameras:
                raise CalibrationError(self.path, raw.name, "two cameras have this name; rename one")
            cameras[raw.name] = self.checked(raw)
        return Rig(cameras, self.unit, str(self.path))

    def checked(self, raw: RawCamera) -> Camera:
        """Return one of the cameras, checked.

        Raises:
            CalibrationError: Naming the file and the camera.
        """
        try:
            return raw.to_camera()
        except ValueError as error:
            raise CalibrationError(self.path, raw.name, str(error)) from error


def read_each(
    names: Iterable[str], read_camera: Callable[[str], RawCamera]
) -> tuple[tuple[RawCamera, ...], dict[str, DatasetError]]:
    """Read cameras one by one; return them, and by name the errors of those that cannot be read."""
    cameras: list[RawCamera] = []
    failed: dict[str, DatasetError] = {}
    for name in names:
        try:
            cameras.append(read_camera(name))
        except DatasetError as error:
            failed[name] = error
    return tuple(cameras), failed


@lru_cache(maxsize=4096)
def _lens(model: ModelName, coefficients: tuple[float, ...]) -> Distortion:
    """Build a lens once for all cameras that share it: finding its valid radius is expensive."""
    given = np.asarray(coefficients, dtype=np.float64)
    return KannalaBrandt(given) if model == "kannala_brandt" else make_distortion(given)


def raw_from_rig(rig: Rig) -> RawRig:
    """Return checked cameras in raw form, so that one lint serves both."""
    cameras = tuple(
        RawCamera(
            name=name,
            K=camera.K,
            pose=camera.cam_from_world.matrix[:3],
            coefficients=tuple(camera.distortion.coefficients.tolist()),
            model=camera.distortion.model,
            size=camera.size,
        )
        for name, camera in rig.cameras.items()
    )
    unit: Unit = "m" if rig.unit == "m" else "mm" if rig.unit == "mm" else "unknown"
    return RawRig(cameras, Path(rig.source or "rig"), unit, "rig")


def intrinsics(fx: float, fy: float, cx: float, cy: float, skew: float = 0.0) -> FloatArray:
    """Return the (3, 3) K of these numbers."""
    return np.array([[fx, skew, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])


def pose_matrix(rotation: FloatArray, translation: FloatArray) -> FloatArray:
    """Return (3, 4) [R | t]."""
    return np.column_stack([rotation, translation])
