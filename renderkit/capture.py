"""What a captured moment is: captures, frames and views, read lazily."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal, Self, TypeAlias

from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage

Unit: TypeAlias = Literal["m", "mm", "unknown"]


@dataclass(frozen=True, eq=False)
class View:
    """One frame seen by one camera. Parts that the capture does not have are None.

    Attributes:
        frame: The frame's id.
        camera: The calibrated camera.
        image: The photograph.
        mask: The captured matte; alpha, not binary.
        read_landmarks: Returns the detected 2D landmarks (pixels of the raw image), or None when there are none.

    Example:
        >>> import renderkit as rk
        >>> camera = rk.Camera.look_at((0, 0, 3), (0, 0, 0), size=(64, 48), name="25")
        >>> rk.View(frame="0", camera=camera).mask is None
        True
    """

    frame: str
    camera: Camera
    image: EncodedImage | None = None
    mask: EncodedImage | None = None
    read_landmarks: Callable[[], Landmarks | None] = field(default=lambda: None)

    def fetched(self, *, with_image: bool) -> View:
        """Return the view with the bytes of its matte, and of its photograph if wanted, in memory."""
        image, mask = self.image, self.mask
        return replace(
            self,
            image=image.fetched() if image is not None and with_image else image,
            mask=None if mask is None else mask.fetched(),
        )


@dataclass(frozen=True, eq=False)
class Frame:
    """One instant of a capture.

    Attributes:
        id: The frame's key in its dataset.
        mesh_readers: By mesh name ("scan", "flame"): returns the mesh in world units, or raises DatasetError.
            FLAME vertices without a known topology come as a mesh with no faces.
        read_landmarks: Returns the 3D landmarks in world units, or None.

    Example:
        >>> import renderkit as rk
        >>> triangle = rk.Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]])
        >>> frame = rk.Frame("0", {"scan": lambda: triangle})
        >>> frame.mesh_names, len(frame.read_mesh("scan").faces)
        (('scan',), 1)
    """

    id: str
    mesh_readers: Mapping[str, Callable[[], Mesh]] = field(default_factory=dict)
    read_landmarks: Callable[[], Landmarks | None] = field(default=lambda: None)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "mesh_readers", MappingProxyType(dict(self.mesh_readers)))

    @property
    def mesh_names(self) -> tuple[str, ...]:
        """Names of the meshes this frame has."""
        return tuple(self.mesh_readers)

    def read_mesh(self, name: str) -> Mesh:
        """Read one of the frame's meshes.

        Raises:
            KeyError: If the frame has no mesh of that name.
            DatasetError: If it is there but cannot be read.
        """
        return self.mesh_readers[name]()


@dataclass(frozen=True)
class SkippedCamera:
    """A camera that the dataset itself marks as not usable.

    Attributes:
        name: The camera.
        why: The dataset's own reason.
    """

    name: str
    why: str


@dataclass(frozen=True)
class Inventory:
    """What a capture holds, for people.

    Attributes:
        dataset: "renderme360", "facescape" or "middlebury".
        unit: World unit.
        cameras: Names of all cameras found.
        frames: Ids of all frames found.
        annotations: For each kind of annotation ("image", "mask", "landmarks2d", "calibration" ...) the cameras that
            have it in at least one frame.
        frame_annotations: For each kind that belongs to a frame ("scan", "flame", "landmarks3d" ...) the frames that
            have it.
        attributes: The dataset's own attributes.
        missing: What a reader would expect and did not find, one sentence each.
    """

    dataset: str
    unit: Unit
    cameras: tuple[str, ...]
    frames: tuple[str, ...]
    annotations: Mapping[str, tuple[str, ...]]
    frame_annotations: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, str]
    missing: tuple[str, ...]


class Capture(ABC):
    """One capture, opened for reading: the only place that holds open files. Use it as a context manager.

    Attributes:
        path: The file or folder.
        dataset: "renderme360", "facescape" or "middlebury".
        unit: The world unit.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     options = rk.SynthOptions(num_cameras=2, size=(64, 48), scan_faces=2000)
        ...     with rk.open_capture(rk.synthesize(folder, options).capture) as capture:
        ...         print(len(capture.camera_names), capture.frame_ids, capture.unit)
        2 ('0',) m
    """

    path: Path
    dataset: str
    unit: Unit

    @property
    @abstractmethod
    def camera_names(self) -> tuple[str, ...]:
        """Names of the cameras that can be asked for, in the dataset's order."""

    @property
    @abstractmethod
    def frame_ids(self) -> tuple[str, ...]:
        """Ids of the frames that can be asked for, in time order."""

    @property
    def skipped_cameras(self) -> tuple[SkippedCamera, ...]:
        """Cameras that the dataset marks as not usable; they are not among `camera_names`."""
        return ()

    @property
    def files_read(self) -> tuple[Path, ...]:
        """Files that the numbers depend on and that were found beside `path`, not named by it."""
        return ()

    @abstractmethod
    def camera(self, name: str) -> Camera:
        """Read one calibrated camera.

        Raises:
            KeyError: If there is no such camera.
            CalibrationError: If its calibration is missing or is not a camera.
        """

    @abstractmethod
    def frame(self, frame_id: str) -> Frame:
        """Describe one instant; meshes and landmarks are read when asked for.

        Raises:
            KeyError: If there is no such frame.
        """

    @abstractmethod
    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; pictures are read when asked for.

        Raises:
            KeyError: If there is no such frame or camera.
            CalibrationError: If the camera's calibration is missing or is not a camera.
        """

    @abstractmethod
    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing, without decoding pictures."""

    @abstractmethod
    def close(self) -> None:
        """Release the open files; the capture cannot be read afterwards."""

    def reopen(self) -> Self:
        """Open the same capture again with handles of its own, for another thread or a worker process.

        Open handles do not survive a fork. A capture can also be pickled, with the same effect.
        """
        return copy.copy(self)  # copies by __reduce__, which holds what to open

    def frames(self, frame_ids: Iterable[str] | None = None) -> Iterator[Frame]:
        """Iterate over frames, all of them when none are named."""
        for frame_id in self.frame_ids if frame_ids is None else frame_ids:
            yield self.frame(frame_id)

    def views(self, frame_id: str, camera_names: Iterable[str] | None = None) -> Iterator[View]:
        """Iterate over the views of a frame, all of them when no cameras are named."""
        for name in self.camera_names if camera_names is None else camera_names:
            yield self.view(frame_id, name)

    def __enter__(self) -> Self:
        """Return the capture itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the capture."""
        self.close()
