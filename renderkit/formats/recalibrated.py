"""A capture with other cameras than its own: those of a camera file, such as a corrected calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from renderkit.capture import Capture, Inventory, SkippedCamera, View
from renderkit.errors import CalibrationError, DatasetError
from renderkit.formats.as_stated import RawRig, raw_from_rig
from renderkit.formats.folder import CameraNames, ReadCameras, labels_of
from renderkit.formats.rig_cameras import RigCameras
from renderkit.formats.sizes import with_sizes
from renderkit.formats.wrapped import WrappedCapture
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig, Unit
from renderkit.wording import list_names

_MM_OF: Final = {"m": 1000.0, "mm": 1.0}


@dataclass(frozen=True, eq=False)
class OtherCameras:
    """Cameras for a capture that has its own.

    Attributes:
        rig: Their file or folder, in any format; or the cameras.
        read_cameras: Reads a file in `format`; a function of a module, so that a capture can be pickled.
        format: The camera file's format; None detects it.
        camera_names: The capture's names of the cameras where they differ from those of the rig: by the rig's name, or
            all in the rig's order.
        size: (width, height) in px for a camera without a size in the file and in the capture.
        unit: The rig's world unit; None takes the file's.
    """

    rig: Path | Rig
    read_cameras: ReadCameras | None = None
    format: str | None = None
    camera_names: CameraNames | None = None
    size: tuple[int, int] | None = None
    unit: Unit | None = None

    @property
    def source(self) -> str:
        """What the cameras are read from, for messages."""
        return self.rig.source or "the rig" if isinstance(self.rig, Rig) else str(self.rig)

    def read(self) -> RawRig:
        """Read the cameras.

        Raises:
            DatasetError: If they cannot be read.
        """
        if isinstance(self.rig, Rig):
            return raw_from_rig(self.rig)
        assert self.read_cameras is not None  # noqa: S101 - given with a file
        return self.read_cameras(self.rig, self.format)


class RecalibratedCapture(WrappedCapture):
    """Another capture, seen by the cameras of a camera file in the same world.

    Cameras that the file does not have are skipped. Where both world units are known, the cameras are brought to that
    of the capture.
    """

    def __init__(self, capture: Capture, other: OtherCameras) -> None:
        """Read the cameras.

        Args:
            capture: The capture, closed with this one.
            other: The cameras.

        Raises:
            DatasetError: If they cannot be read, or none has the name of one of the capture's.
            ValueError: If `camera_names` does not fit the cameras.
        """
        super().__init__(capture)
        self._other = other
        stated = other.read()
        self._stated_names = labels_of(stated.names, other.camera_names)
        self._names = tuple(name for name in capture.camera_names if name in self._stated_names)
        if not self._names:
            why = f"none of its cameras ({list_names([*self._stated_names])}) is one of {capture.path}"
            raise DatasetError(other.source, None, f"{why} ({list_names(capture.camera_names)})")
        self._cameras = RigCameras(with_sizes(self._with_sizes_of_pictures(stated), other.size))
        unit = other.unit or stated.unit
        self._scale = _MM_OF[unit] / _MM_OF[self.unit] if unit in _MM_OF and self.unit in _MM_OF else 1.0

    def __reduce__(self) -> tuple[Callable[..., RecalibratedCapture], tuple[Capture, OtherCameras]]:
        """Pickle as what to open."""
        return type(self), (self._capture, self._other)

    def reopen(self) -> RecalibratedCapture:
        """Open the same capture again; see `Capture.reopen`."""
        return type(self)(self._capture.reopen(), self._other)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The capture's cameras that the camera file has."""
        return self._names

    @property
    def skipped_cameras(self) -> tuple[SkippedCamera, ...]:
        """Those that the capture skips, and those that the camera file does not have."""
        lacking = [name for name in self._capture.camera_names if name not in self._stated_names]
        why = f"{Path(self._other.source).name} has no such camera"
        return (*self._capture.skipped_cameras, *(SkippedCamera(name, why) for name in lacking))

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The camera file, and the capture's files."""
        rig = self._other.rig
        if isinstance(rig, Rig):
            return self._capture.files_read
        cameras = sorted(file for file in rig.iterdir() if file.is_file()) if rig.is_dir() else [rig]
        return tuple(dict.fromkeys([*cameras, *self._capture.files_read]))

    def camera(self, name: str) -> Camera:
        """Return one of the other cameras; see `Capture.camera`."""
        if name not in self._names:
            raise KeyError(name)
        found = self._cameras[self._stated_names[name]]
        pose = found.cam_from_world
        return replace(found, name=name, cam_from_world=Pose(pose.R, self._scale * pose.t))

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one view with its other camera; see `Capture.view`."""
        camera = self.camera(camera_name)
        return replace(self._capture.view(frame_id, camera_name), camera=camera)

    def inventory(self) -> Inventory:
        """Say what the capture holds of these cameras."""
        base = self._capture.inventory()
        annotations = {
            kind: tuple(name for name in names if name in self._names) for kind, names in base.annotations.items()
        }
        read = {name for name in self._names if self._cameras.stated(self._stated_names[name]) is not None}
        annotations["calibration"] = tuple(name for name in self._names if name in read)
        return replace(
            base,
            cameras=self._names,
            annotations=annotations,
            attributes={**base.attributes, "cameras file": self._other.source},
            missing=tuple(part for part in base.missing if part.kind != "calibration"),
        )

    def _with_sizes_of_pictures(self, stated: RawRig) -> RawRig:
        """Return the rig with the capture's size for each camera whose file states none."""
        sizes: dict[str, tuple[int, int]] = {}
        for name in self._names:
            try:
                sizes[self._stated_names[name]] = self._capture.camera(name).size
            except CalibrationError:
                continue
        cameras = tuple(
            replace(camera, picture_size=sizes[camera.name]) if camera.size is None and camera.name in sizes else camera
            for camera in stated.cameras
        )
        return replace(stated, cameras=cameras)
