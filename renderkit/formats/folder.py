"""A capture from any camera file and pictures: `images/{frame}/{camera}.jpg`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from renderkit.capture import Capture, Frame, Inventory, MissingPart, Unit, View
from renderkit.errors import DatasetError
from renderkit.formats.as_stated import RawRig
from renderkit.formats.format import DEFAULT_MIN_CONFIDENCE
from renderkit.formats.landmarks_file import LandmarksFile
from renderkit.formats.mattes import find_mattes, has_matte_words, near_pattern, picture_in
from renderkit.formats.names import PICTURE_SUFFIXES
from renderkit.formats.patterns import ANY_FRAME, PathPattern, best_pattern, natural_order
from renderkit.formats.picture_layout import MASK_NAMES, MESH_NAME, mattes_beside
from renderkit.formats.rig_cameras import RigCameras
from renderkit.formats.sizes import picture_file_size, with_sizes
from renderkit.formats.view_names import ViewNames
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.mesh_files import MESH_SUFFIXES
from renderkit.images.video import count_frames, is_video
from renderkit.wording import counted, list_names

SINGLE_FRAME = "0"
"""The frame's id where no pattern has `{frame}`."""

CameraNames: TypeAlias = Mapping[str, str] | Sequence[str]
ReadCameras: TypeAlias = Callable[[Path, str | None], RawRig]
_Files: TypeAlias = Mapping[tuple[str, str], Path]


@dataclass(frozen=True)
class FolderParts:
    """What a capture is put together from. Patterns are relative to `root`; see `patterns.PathPattern`.

    Attributes:
        rig: The camera file or folder, in any format.
        root: The folder that patterns start from.
        images: Pattern of the photographs.
        masks: Pattern of the mattes, or their folder.
        mesh: A mesh, or the pattern of mesh files.
        landmarks: A landmarks file; see `landmarks_file`.
        min_confidence: Landmarks whose confidence is not above this count as not detected.
        camera_names: The cameras' names in file paths where they differ from those of the rig: by the rig's name, or
            all in the rig's order.
        size: (width, height) in px for camera files that state none.
        format: The camera file's format; None detects it.
        unit: The world unit; None takes the camera file's.
        dataset: The capture's `dataset`.
        read_cameras: Reads `rig` in `format`; a function of a module, so that a capture can be pickled.
    """

    rig: Path
    root: Path
    read_cameras: ReadCameras
    images: str | None = None
    masks: str | None = None
    mesh: Mesh | str | None = None
    landmarks: Path | None = None
    min_confidence: float = DEFAULT_MIN_CONFIDENCE
    camera_names: CameraNames | None = None
    size: tuple[int, int] | None = None
    format: str | None = None
    unit: Unit | None = None
    dataset: str = "folder"


class FolderCapture(Capture):
    """Cameras of any format, with pictures, mattes and meshes found by patterns.

    A capture can be pickled: it is opened again on the other side.

    Attributes:
        path: The root folder.
        dataset: The format of the scene, "capture-toml", or "folder" for a rig with patterns.
        unit: As given, else the camera file's.
    """

    def __init__(self, parts: FolderParts, stated: RawRig | None = None) -> None:
        """Read the cameras and look up the files.

        Args:
            parts: What to put together.
            stated: The cameras, where they have been read already.

        Raises:
            DatasetError: If the camera file cannot be read, or a pattern finds no file, or two for one picture.
            ValueError: If a pattern is malformed, or `camera_names` does not fit the cameras.
        """
        self.path, self.dataset, self._parts = parts.root, parts.dataset, parts
        stated = stated or parts.read_cameras(parts.rig, parts.format)
        labels = labels_of(stated.names, parts.camera_names)
        self._images = self._find("images", parts.images, labels)
        self._meshes = self._find("mesh", parts.mesh, labels) if isinstance(parts.mesh, str) else {}
        self._masks = self._find_mattes(parts.masks, labels)
        # Mattes beside pictures that are named by frame are none of them: 0007_mask.png is no frame.
        mattes = frozenset(self._masks.values())
        self._images = {
            key: path for key, path in self._images.items() if path not in mattes or path == _of(self._masks, *key)
        }
        self._cameras = RigCameras(with_sizes(_with_picture_sizes(stated, self._images), parts.size))
        self.unit = parts.unit or self._cameras.rig.unit
        found = {frame for files in (self._images, self._masks, self._meshes) for frame, _ in files} - {ANY_FRAME}
        self._frame_ids = natural_order(found) or self._video_frames() or (SINGLE_FRAME,)
        names = ViewNames(self._frame_ids, self._cameras.names)
        self._landmarks = (
            None
            if parts.landmarks is None
            else LandmarksFile(parts.landmarks, names, min_confidence=parts.min_confidence)
        )

    @property
    def parts(self) -> FolderParts:
        """What the capture was put together from."""
        return self._parts

    @property
    def files(self) -> Mapping[str, _Files]:
        """The files that "images", "masks" and "mesh" match, by (frame, camera)."""
        return MappingProxyType({"images": self._images, "masks": self._masks, "mesh": self._meshes})

    def __reduce__(self) -> tuple[Callable[[FolderParts], FolderCapture], tuple[FolderParts]]:
        """Pickle as what to open."""
        return type(self), (self._parts,)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Names of the camera file's cameras, in its order."""
        return self._cameras.names

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """Names that `{frame}` stands for, in natural order; "0" where no pattern has it."""
        return self._frame_ids

    def camera(self, name: str) -> Camera:
        """Return one camera; see `Capture.camera`."""
        return self._cameras[name]

    def frame(self, frame_id: str) -> Frame:
        """Describe one instant; see `Capture.frame`."""
        self._check_frame(frame_id)
        given, file = self._parts.mesh, _of(self._meshes, frame_id, "")
        readers: dict[str, Callable[[], Mesh]] = {}
        if isinstance(given, Mesh):
            readers[given.name or MESH_NAME] = lambda: given
        elif file is not None:
            readers[MESH_NAME] = lambda: Mesh.read(file)
        landmarks, described = self._landmarks, Frame(frame_id, readers)

        def read() -> Landmarks | None:
            return None if landmarks is None else landmarks.landmarks_3d(described)

        return Frame(frame_id, readers, read)

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one view; see `Capture.view`."""
        self._check_frame(frame_id)
        camera, index = self._cameras[camera_name], self._frame_ids.index(frame_id)
        image, mask = (_of(files, frame_id, camera_name) for files in (self._images, self._masks))
        landmarks = self._landmarks

        def read() -> Landmarks | None:
            return None if landmarks is None else landmarks.landmarks_2d(frame_id, camera_name, camera.size)

        return View(
            frame_id,
            camera,
            None if image is None else picture_in(image, index),
            None if mask is None else replace(picture_in(mask, index), is_photograph=mask == image),
            read,
            () if landmarks is None else landmarks.notes,
        )

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The camera file, the landmarks file, and every picture, matte and mesh that was found."""
        rig = self._parts.rig
        cameras = sorted(file for file in rig.iterdir() if file.is_file()) if rig.is_dir() else [rig]
        landmarks = [] if self._parts.landmarks is None else [self._parts.landmarks]
        found = [path for files in (self._images, self._masks, self._meshes) for path in files.values()]
        return tuple(dict.fromkeys([*cameras, *landmarks, *found]))

    def inventory(self) -> Inventory:
        """Say what the capture holds and what is missing."""
        annotations: dict[str, tuple[str, ...]] = {"calibration": tuple(c.name for c in self._cameras.rig.cameras)}
        missing = [MissingPart("size", note) for note in self._cameras.rig.notes]
        for kind, files in (("image", self._images), ("mask", self._masks)):
            have = tuple(
                name
                for name in self.camera_names
                if any(_of(files, frame, name) is not None for frame in self._frame_ids)
            )
            annotations |= {kind: have} if have else {}
            missing += MissingPart.of_cameras(kind, have, self.camera_names)
        in_frames = {}
        meshes = tuple(frame for frame in self._frame_ids if self.frame(frame).mesh_names)
        if meshes:
            in_frames[self.frame(meshes[0]).mesh_names[0]] = meshes
        else:
            missing.append(MissingPart("mesh", "No mesh: give one with mesh=, or --mesh FILE."))
        if self._landmarks is None:
            missing.append(MissingPart("landmarks", "No landmarks: give them with landmarks=, or --landmarks FILE."))
        attributes = {"cameras file": str(self._parts.rig), "cameras format": self._cameras.rig.format}
        return Inventory(
            self.dataset, self.unit, self.camera_names, self.frame_ids, annotations, in_frames, attributes,
            tuple(missing),
        )  # fmt: skip

    def _video_frames(self) -> tuple[str, ...]:
        """Return the frames that all picture videos have, "0" and on; none where there are no videos.

        Raises:
            DatasetError: If a video cannot be read.
        """
        videos = {path for path in self._images.values() if is_video(path)}
        videos = videos or {path for path in self._masks.values() if is_video(path)}
        return tuple(str(index) for index in range(min(map(count_frames, videos), default=0)))

    def _check_frame(self, frame_id: str) -> None:
        if frame_id not in self._frame_ids:
            raise KeyError(frame_id)

    def _find_mattes(self, text: str | None, labels: Mapping[str, str]) -> _Files:
        """Look up mattes, in a folder by the frames of the pictures and meshes; without these it names the frames."""
        if text is None or not (self.path / text).is_dir():
            return self._find("masks", text, labels)
        frames = {frame for files in (self._images, self._meshes) for frame, _ in files} - {ANY_FRAME}
        if not frames:
            usual = [f"{text.rstrip('/')}/{name}" for name in MASK_NAMES]
            # What is called a matte comes first: what is called as the camera may be its photograph.
            worded = mattes_beside(usual[0]) if has_matte_words(self.path / text) else ()
            named = (best_pattern(self.path, patterns, labels, PICTURE_SUFFIXES) for patterns in (worded, usual))
            pattern = next((one for one in named if one is not None), None)
            if pattern is not None:
                return self._find("masks", pattern, labels)
        found = find_mattes(self.path / text, ViewNames(tuple(frames), tuple(labels))).files
        if not found:
            why = f"masks: no file in {text!r} is named as a camera: {list_names([*labels])}"
            near = near_pattern(self.path / text, tuple(labels))
            hint = "" if near is None else f"; for the names that are there give --masks {f'{text}/{near}'!r}"
            raise DatasetError(self.path, None, why + hint)
        return {(frame, labels[label]): path for (frame, label), path in found.items()}

    def _find(self, what: str, text: str | None, labels: Mapping[str, str]) -> _Files:
        """Look up a pattern's files.

        Raises:
            DatasetError: If there is none: a slip in the pattern, not a gap in the capture.
        """
        if text is None:
            return {}
        pattern = PathPattern(text, self.path, MESH_SUFFIXES if what == "mesh" else PICTURE_SUFFIXES)
        if what != "mesh" and not pattern.has_camera and len(labels) > 1:
            raise ValueError(
                f"{what}: expected {{camera}} in the pattern for {counted(len(labels), 'camera')}, found {text!r}"
            )
        found = pattern.find(labels)
        if not found:
            raise DatasetError(self.path, None, f"{what}: {text!r} matches no file for camera {list_names([*labels])}")
        if what != "mesh" and not pattern.has_camera:
            return {(frame, name): path for (frame, _), path in found.items() for name in labels.values()}
        return found


def _with_picture_sizes(rig: RawRig, images: _Files) -> RawRig:
    """Return the rig with the size of the first picture of each camera whose file states none."""
    first: dict[str, Path] = {}
    for (_, name), path in images.items():
        first.setdefault(name, path)
    cameras = tuple(
        replace(camera, picture_size=picture_file_size(first[camera.name]))
        if camera.size is None and camera.name in first
        else camera
        for camera in rig.cameras
    )
    return replace(rig, cameras=cameras)


def _of(files: _Files, frame_id: str, camera_name: str) -> Path | None:
    return files.get((frame_id, camera_name)) or files.get((ANY_FRAME, camera_name))


def labels_of(names: tuple[str, ...], given: CameraNames | None) -> dict[str, str]:
    """Return the rig's names by those in file paths.

    Raises:
        ValueError: If `given` names no camera of the rig, is of another length, or names two cameras alike.
    """
    if given is None:
        return {name: name for name in names}
    if not isinstance(given, Mapping):
        if len(given) != len(names):
            raise ValueError(f"camera_names: expected {len(names)} names, as the camera file has, found {len(given)}")
        given = dict(zip(names, given, strict=True))
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ValueError(f"camera_names: the camera file has no camera {unknown[0]!r}; it has {', '.join(names[:20])}")
    labels = {given.get(name, name): name for name in names}
    if len(labels) != len(names):
        raise ValueError("camera_names: two cameras have the same name in file paths")
    return labels
