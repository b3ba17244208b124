"""Cameras exactly as a file states them, before anything is checked: what the lint looks at.

A reader yields raw cameras; `RawRig.to_rig` turns them into checked ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.computed_once import computed_once
from renderkit.errors import CalibrationError, DatasetError
from renderkit.geometry.camera import Camera
from renderkit.geometry.conventions import (
    pose_from_gl_cam_from_world,
    pose_from_gl_world_from_cam,
    pose_from_world_from_cam,
)
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, ModelName
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig, Unit
from renderkit.wording import list_names

PoseDirection: TypeAlias = Literal["cam_from_world", "world_from_cam"]
CameraAxes: TypeAlias = Literal["opencv", "opengl"]
SizeSource: TypeAlias = Literal["file", "pictures", "option", "assumed", "unknown"]

_FLIP = np.array([1.0, -1.0, -1.0])


class UnsupportedLensError(CalibrationError):
    """A camera is stated well, in a lens model that renderkit does not have: it is left out, the others are read."""


_ABSURD = 1e75
_ABSURD_SQUARED = _ABSURD**2
"""No length, focal length or coefficient is larger; a product of four such numbers is still finite."""


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
        K_from_size: Gives K for an image (width, height), where the file states it relative to an image size that it
            does not state; the numbers of K that wait for it are NaN until the size is known (`with_size`).
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
    K_from_size: Callable[[tuple[int, int]], FloatArray] | None = None

    def __post_init__(self) -> None:
        """Take numbers so large that no sum of squares holds them for infinite, which `lint` names."""
        object.__setattr__(self, "K", _without_absurd(self.K))
        object.__setattr__(self, "pose", _without_absurd(self.pose))
        lens = tuple(self.coefficients)
        if not max(map(abs, lens), default=0.0) <= _ABSURD:
            lens = tuple(_without_absurd(np.asarray(lens)).tolist())
        object.__setattr__(self, "coefficients", lens)

    def with_size(self, size: tuple[int, int], source: SizeSource) -> RawCamera:
        """Return the camera with its image size, and with the numbers of K that waited for it."""
        if self.K_from_size is None:
            return replace(self, size=size, size_source=source)
        return replace(self, K=self.K_from_size(size), K_from_size=None, size=size, size_source=source)

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
        """Return the checked camera, the same one every time.

        Raises:
            ValueError: If any number is not that of a camera.
        """
        return self._camera

    @computed_once
    def _camera(self) -> Camera:
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
        """Raise the error of the first camera that cannot be read, if there is one.

        A lens model that renderkit does not have is an error only where no camera is left.
        """
        for error in self.failed.values():
            if not self.cameras or not isinstance(error, UnsupportedLensError):
                raise type(error)(error.path, error.key, error.why) from error

    def with_left_out(self) -> RawRig:
        """Return the rig with notes that name the cameras left out for their lens model."""
        by_reason: dict[str, list[str]] = {}
        for name, error in self.failed.items():
            if isinstance(error, UnsupportedLensError):
                by_reason.setdefault(error.why, []).append(name)
        notes = tuple(f"left out: {list_names(names)}: {why}" for why, names in by_reason.items())
        return replace(self, notes=(*self.notes, *notes))

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


def intrinsics_from_angles(
    K: FloatArray, angles: tuple[float | None, float | None]
) -> Callable[[tuple[int, int]], FloatArray]:
    """Return K for an image size: its NaN entries are filled from angles of view (x, y) in radians, and the centre."""

    def build(size: tuple[int, int]) -> FloatArray:
        focal = [None if a is None else 0.5 * side / np.tan(0.5 * a) for a, side in zip(angles, size, strict=True)]
        fx, fy = focal[0] or focal[1] or np.nan, focal[1] or focal[0] or np.nan
        waiting = intrinsics(fx, fy, 0.5 * (size[0] - 1), 0.5 * (size[1] - 1))
        return np.where(np.isnan(K), waiting, K)

    return build


def centered_intrinsics(fx: float, fy: float) -> Callable[[tuple[int, int]], FloatArray]:
    """Return K for an image size: the principal point is the image's centre."""

    def build(size: tuple[int, int]) -> FloatArray:
        return intrinsics(fx, fy, 0.5 * (size[0] - 1), 0.5 * (size[1] - 1))

    return build


UNKNOWN_K = np.full((3, 3), np.nan)
"""K of a camera whose `K_from_size` waits for the image size."""
UNKNOWN_K.flags.writeable = False


def pose_matrix(rotation: FloatArray, translation: FloatArray) -> FloatArray:
    """Return (3, 4) [R | t]."""
    return np.column_stack([rotation, translation])


def pose_from_center(rotation: FloatArray, center: FloatArray) -> FloatArray:
    """Return (3, 4) cam_from_world of its (3, 3) rotation and the camera's (3,) centre; NaN where that overflows."""
    with np.errstate(invalid="ignore", over="ignore"):
        return pose_matrix(rotation, -rotation @ center)


def _without_absurd(values: FloatArray) -> FloatArray:
    """Return numbers, those beyond `_ABSURD` as infinite."""
    # The sum of squares first, a third of the cost: no number is above the bound when it is not.
    if np.vdot(values, values) <= _ABSURD_SQUARED or not values.size or np.abs(values).max() <= _ABSURD:
        return values
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) > _ABSURD, np.copysign(np.inf, values), values)
