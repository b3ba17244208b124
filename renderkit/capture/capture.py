"""A capture opened for reading, and the one that holds what is in memory."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np

from renderkit.arguments import refused
from renderkit.arrays import AlphaImage, ColorImage, MaskImage, frozen
from renderkit.capture.parts import Frame, Inventory, SkippedCamera, UnframedScan, View
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.rig import Rig, Unit, cameras_by_name
from renderkit.images.encoded import EncodedImage
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.flame.translation import TranslationChoice

ARRAY_FRAME_ID = "0"
"""Id of the one frame of `Capture.from_arrays`."""

Picture: TypeAlias = ColorImage | AlphaImage | MaskImage | str | Path
_Kept: TypeAlias = AlphaImage | ColorImage | Path
_Parts: TypeAlias = tuple[
    dict[str, Camera],
    dict[str, _Kept],
    dict[str, _Kept],
    Mesh | None,
    dict[str, Landmarks],
    Landmarks | None,
    Unit,
]


class Capture(ABC):
    """One capture, opened for reading: the only place that holds open files. Use it as a context manager.

    `open_capture` opens the formats that renderkit knows and any camera file with pictures; `Capture.from_arrays` takes
    what is in memory. For anything else write a class with four members; all others have a default:

        >>> from renderkit.capture import Capture, View
        >>> class Turntable(Capture):
        ...     def __init__(self, cameras, pictures):
        ...         self.cameras, self.pictures = cameras, pictures
        ...     @property
        ...     def camera_names(self):
        ...         return tuple(self.cameras)
        ...     @property
        ...     def frame_ids(self):
        ...         return ("0",)
        ...     def camera(self, name):
        ...         return self.cameras[name]
        ...     def view(self, frame_id, camera_name):
        ...         return View(frame_id, self.cameras[camera_name], self.pictures.get(camera_name))
        >>> import numpy as np
        >>> from renderkit.geometry.camera import Camera
        >>> camera = Camera(np.diag([90.0, 90.0, 1.0]), 64, 48, name="left")
        >>> with Turntable({"left": camera}, {}) as capture:
        ...     [view.camera.name for view in capture.views("0")]
        ['left']

    A capture that worker processes are to open again must survive pickling (`__reduce__`).

    Attributes:
        path: The file or folder.
        dataset: The format's name, such as "facescape".
        unit: The world unit.
    """

    path: Path = Path("capture")
    dataset: str = "capture"
    unit: Unit = "unknown"

    def __repr__(self) -> str:
        """Return the class and the path."""
        return f"<{type(self).__name__} {str(self.path)!r}>"

    def __str__(self) -> str:
        """Say what the capture is and how much is in it.

        Example:
            "0026_e0_anno.smc (renderme360): 60 cameras, 20 frames".
        """
        cameras, frames = counted(len(self.camera_names), "camera"), counted(len(self.frame_ids), "frame")
        return f"{self.path} ({self.dataset}): {cameras}, {frames}"

    @staticmethod
    def from_arrays(
        cameras: Rig | Mapping[str, Camera],
        images: Mapping[str, ColorImage | str | Path] | None = None,
        masks: Mapping[str, AlphaImage | MaskImage | str | Path] | None = None,
        mesh: Mesh | None = None,
        landmarks: Mapping[str, Landmarks] | None = None,
        *,
        landmarks_3d: Landmarks | None = None,
    ) -> Capture:
        """Return a capture of one frame, "0", from what is in memory.

        Args:
            cameras: The cameras, a Rig or by name.
            images: By camera: (height, width, 3) RGB uint8, or a picture file.
            masks: By camera: (height, width) uint8 alpha or bool, or a picture file.
            mesh: The mesh, world units.
            landmarks: By camera: (L, 2) px.
            landmarks_3d: (L, 3) world units, of the same scheme.

        Raises:
            ValueError: If a mapping names no camera of `cameras`, or an array has not its camera's size.

        >>> import numpy as np
        >>> from renderkit.geometry.camera import Camera
        >>> camera = Camera(np.diag([90.0, 90.0, 1.0]), 64, 48, name="left")
        >>> capture = Capture.from_arrays({"left": camera}, masks={"left": np.ones((48, 64), bool)})
        >>> capture.view("0", "left").mask.decode_gray().max()
        np.uint8(255)
        """
        images, masks = {} if images is None else images, {} if masks is None else masks
        return ArrayCapture(cameras, images, masks, mesh, landmarks, landmarks_3d=landmarks_3d)

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

    @abstractmethod
    def camera(self, name: str) -> Camera:
        """Read one calibrated camera.

        Raises:
            KeyError: If there is no such camera.
            CalibrationError: If its calibration is missing or is not a camera.
        """

    def frame(self, frame_id: str) -> Frame:
        """Describe one instant; meshes and landmarks are read when asked for. By default it has none.

        Raises:
            KeyError: If there is no such frame.
        """
        if frame_id not in self.frame_ids:
            raise KeyError(frame_id)
        return Frame(frame_id)

    @abstractmethod
    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; pictures are read when asked for.

        Raises:
            KeyError: If there is no such frame or camera.
            CalibrationError: If the camera's calibration is missing or is not a camera.
        """

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing, without decoding pictures."""
        return Inventory(self.dataset, self.unit, self.camera_names, self.frame_ids, {}, {}, {}, ())

    def close(self) -> None:  # noqa: B027 - most captures hold no open file
        """Release the open files; the capture cannot be read afterwards. By default there are none."""

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The files that the capture's numbers come from: for a run's provenance, and to tell whether it changed."""
        if self.path.is_dir():
            return tuple(sorted(file for file in self.path.iterdir() if file.is_file()))
        return (self.path,) if self.path.is_file() else ()

    @property
    def needs_flame_topology(self) -> bool:
        """Whether there are FLAME vertices whose faces have to be given (`flame`)."""
        return False

    @property
    def choose_flame_translation(self) -> Callable[[str], TranslationChoice] | None:
        """Says which translation a frame's stored FLAME vertices lack; None where the dataset has no FLAME fits."""
        return None

    def unframed_scan(self) -> UnframedScan | None:
        """Return the scan's own mattes, if there is a scan whose frame the capture does not state."""
        return None

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


class ArrayCapture(Capture):
    """One frame in memory; see `Capture.from_arrays`.

    Attributes:
        path: "memory": nothing lies on disk, but for pictures that were given as files.
        dataset: "arrays".
        unit: The rig's unit; "unknown" for a mapping of cameras.
    """

    path = Path("memory")
    dataset = "arrays"

    def __init__(
        self,
        cameras: Rig | Mapping[str, Camera],
        images: Mapping[str, Picture],
        masks: Mapping[str, Picture],
        mesh: Mesh | None = None,
        landmarks: Mapping[str, Landmarks] | None = None,
        *,
        landmarks_3d: Landmarks | None = None,
    ) -> None:
        """Keep the parts; see `Capture.from_arrays`.

        Raises:
            ValueError: If a mapping names no camera of `cameras`, or an array has not its camera's size.
        """
        if isinstance(cameras, Rig):
            self.unit = cameras.unit
            cameras = cameras.cameras
        self._cameras = MappingProxyType(cameras_by_name(cameras))
        self._images = self._checked("images", images, 3)
        self._masks = self._checked("masks", masks, 1)
        landmarks = {} if landmarks is None else landmarks
        self._refuse_unknown("landmarks", landmarks)
        self._landmarks = dict(landmarks)
        for name, value, kind in (
            *((f"landmarks[{name!r}]", found, Landmarks) for name, found in self._landmarks.items()),
            ("mesh", mesh, Mesh),
            ("landmarks_3d", landmarks_3d, Landmarks),
        ):
            if value is not None and not isinstance(value, kind):
                raise ValueError(f"{name}: expected {kind.__name__}, got {type(value).__name__}; {_HOW[kind]}")
        self._mesh, self._landmarks_3d = mesh, landmarks_3d

    def __reduce__(self) -> tuple[Callable[[_Parts], ArrayCapture], tuple[_Parts]]:
        """Pickle as the parts."""
        parts = (
            dict(self._cameras), self._images, self._masks, self._mesh, self._landmarks, self._landmarks_3d, self.unit,
        )  # fmt: skip
        return _rebuild, (parts,)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Names of the cameras, in their order."""
        return tuple(self._cameras)

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The one frame."""
        return (ARRAY_FRAME_ID,)

    def camera(self, name: str) -> Camera:
        """Return one camera; see `Capture.camera`."""
        return self._cameras[name]

    def frame(self, frame_id: str) -> Frame:
        """Describe the frame; see `Capture.frame`."""
        if frame_id != ARRAY_FRAME_ID:
            raise KeyError(frame_id)
        mesh, landmarks = self._mesh, self._landmarks_3d
        readers: dict[str, Callable[[], Mesh]] = {} if mesh is None else {mesh.name or "mesh": lambda: mesh}
        return Frame(frame_id, readers, lambda: landmarks)

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one view; see `Capture.view`."""
        if frame_id != ARRAY_FRAME_ID:
            raise KeyError(frame_id)
        camera = self._cameras[camera_name]
        image, mask = self._images.get(camera_name), self._masks.get(camera_name)
        landmarks = self._landmarks.get(camera_name)
        return View(
            frame_id,
            camera,
            None if image is None else _encoded(image, f"images[{camera_name!r}]"),
            None if mask is None else _encoded(mask, f"masks[{camera_name!r}]"),
            lambda: landmarks,
        )

    def inventory(self) -> Inventory:
        """Say what there is."""
        kinds: dict[str, Mapping[str, object]] = {
            "image": self._images,
            "mask": self._masks,
            "landmarks2d": self._landmarks,
        }
        annotations = {
            kind: tuple(name for name in self._cameras if name in parts) for kind, parts in kinds.items() if parts
        }
        in_frames = dict.fromkeys(self.frame(ARRAY_FRAME_ID).mesh_names, self.frame_ids)
        if self._landmarks_3d is not None:
            in_frames["landmarks3d"] = self.frame_ids
        return Inventory(self.dataset, self.unit, self.camera_names, self.frame_ids, annotations, in_frames, {}, ())

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The pictures that were given as files."""
        pictures = (*self._images.values(), *self._masks.values())
        return tuple(picture for picture in pictures if isinstance(picture, Path))

    def _refuse_unknown(self, what: str, parts: Mapping[str, object]) -> None:
        if not isinstance(parts, Mapping):
            raise refused(what, "a mapping by camera", parts)
        unknown = [name for name in parts if name not in self._cameras]
        if unknown:
            known = ", ".join(self._cameras) or "none"
            raise ValueError(f"{what}: no camera is called {unknown[0]!r}; the cameras are: {known}")

    def _checked(self, what: str, pictures: Mapping[str, Picture], channels: int) -> dict[str, _Kept]:
        self._refuse_unknown(what, pictures)
        checked: dict[str, _Kept] = {}
        for name, picture in pictures.items():
            if isinstance(picture, str | Path):
                checked[name] = Path(picture)
                continue
            pixels = np.asarray(picture)
            camera = self._cameras[name]
            shape = (camera.height, camera.width, 3) if channels == 3 else (camera.height, camera.width)
            if pixels.shape != shape or pixels.dtype.kind not in "bu" or pixels.dtype.itemsize != 1:
                found = f"{pixels.dtype} {pixels.shape}"
                raise ValueError(f"{what}[{name!r}]: expected uint8 of shape {shape}, as the camera's; found {found}")
            checked[name] = frozen((pixels * 255 if pixels.dtype == np.bool_ else pixels).astype(np.uint8))
        return checked


_HOW = {
    Mesh: "make one by rk.load_mesh(FILE) or rk.Mesh(vertices, faces)",
    Landmarks: "make them by rk.Landmarks.all_valid(points, scheme)",
}


def _rebuild(parts: _Parts) -> ArrayCapture:
    cameras, images, masks, mesh, landmarks, landmarks_3d, unit = parts
    return ArrayCapture(Rig(cameras, unit), images, masks, mesh, landmarks, landmarks_3d=landmarks_3d)


def _encoded(picture: _Kept, key: str) -> EncodedImage:
    if isinstance(picture, Path):
        return EncodedImage.from_file(picture)
    return EncodedImage.from_array(picture, ArrayCapture.path, key)
