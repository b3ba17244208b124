"""A capture with what its dataset does not ship: masks, landmarks, a mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from renderkit.capture import Capture, Frame, Inventory, SkippedCamera, View
from renderkit.errors import DatasetError
from renderkit.formats.landmarks_file import LandmarksFile
from renderkit.geometry.camera import Camera
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.images.encoded import EncodedImage

MASK_SUFFIXES = (".png", ".PNG", ".jpg", ".jpeg")


class SupplementedCapture(Capture):
    """Another capture plus masks, landmarks and a mesh from elsewhere; what is given here wins.

    A capture can be pickled: it is opened again on the other side.

    Attributes:
        path: The other capture's file or folder.
        dataset: The other capture's dataset.
        unit: The other capture's unit; the mesh and the 3D landmarks must be in it.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> triangle = rk.Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], name="mine")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, rk.SynthOptions(num_cameras=2, size=(64, 48), scan_faces=2000))
        ...     with rk.SupplementedCapture(rk.open_capture(truth.capture), mesh=triangle) as capture:
        ...         "mine" in capture.frame("0").mesh_names
        True
    """

    def __init__(
        self,
        capture: Capture,
        masks: str | Path | None = None,
        landmarks: str | Path | None = None,
        mesh: Mesh | None = None,
    ) -> None:
        """Put things together.

        Args:
            capture: The capture to add to; closed with this one.
            masks: Folder of mattes named `<frame>/<camera>.png`, or `<camera>.png` for every frame.
            landmarks: A landmarks file; see `landmarks_file`.
            mesh: A mesh for every frame, offered under its own name ("mesh" if it has none).

        Raises:
            DatasetError: If the folder holds no matte for any camera, or the landmarks file cannot be read.
        """
        self._capture = capture
        self.path, self.dataset, self.unit = capture.path, capture.dataset, capture.unit
        self._masks = None if masks is None else Path(masks)
        self._landmarks = None if landmarks is None else LandmarksFile(landmarks)
        self._mesh = mesh
        if self._masks is not None and not self._has_any_mask():
            raise DatasetError(
                self._masks,
                None,
                f"expected mattes named <camera>.png or <frame>/<camera>.png, for instance "
                f"{capture.camera_names[0] if capture.camera_names else '0'}.png; found none",
            )

    def __reduce__(
        self,
    ) -> tuple[Callable[..., SupplementedCapture], tuple[Capture, Path | None, Path | None, Mesh | None]]:
        """Pickle as what to open."""
        landmarks = None if self._landmarks is None else self._landmarks.path
        return type(self), (self._capture, self._masks, landmarks, self._mesh)

    @property
    def supplemented(self) -> Capture:
        """The capture underneath."""
        return self._capture

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The other capture's cameras."""
        return self._capture.camera_names

    @property
    def skipped_cameras(self) -> tuple[SkippedCamera, ...]:
        """The other capture's skipped cameras."""
        return self._capture.skipped_cameras

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The other capture's frames."""
        return self._capture.frame_ids

    def camera(self, name: str) -> Camera:
        """Read one camera; see `Capture.camera`."""
        return self._capture.camera(name)

    def frame(self, frame_id: str) -> Frame:
        """Describe one instant; see `Capture.frame`."""
        frame = self._capture.frame(frame_id)
        mesh = self._mesh
        if mesh is not None:
            frame = replace(frame, mesh_readers={**frame.mesh_readers, mesh.name or "mesh": lambda: mesh})
        file = self._landmarks
        if file is not None and file.has_3d:
            own = frame.read_landmarks
            described = frame

            def read() -> Landmarks | None:
                given = file.landmarks_3d(described)
                return own() if given is None else given

            frame = replace(frame, read_landmarks=read)
        return frame

    @property
    def files_read(self) -> tuple[Path, ...]:
        """Those of the other capture; see `Capture.files_read`."""
        return self._capture.files_read

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; see `Capture.view`."""
        view = self._capture.view(frame_id, camera_name)
        mask = self._mask(frame_id, camera_name)
        if mask is not None:
            view = replace(view, mask=EncodedImage.from_file(mask))
        file = self._landmarks
        if file is not None and file.has_2d:
            own = view.read_landmarks

            def read() -> Landmarks | None:
                given = file.landmarks_2d(frame_id, camera_name)
                return own() if given is None else given

            view = replace(view, read_landmarks=read)
        return view

    def inventory(self) -> Inventory:
        """Say what the capture holds with what was added, and what is missing still."""
        base = self._capture.inventory()
        annotations, in_frames = dict(base.annotations), dict(base.frame_annotations)
        found_masks = [
            name for name in base.cameras if any(self._mask(frame, name) is not None for frame in base.frames)
        ]
        _add(annotations, "mask", found_masks, base.cameras)
        if self._landmarks is not None:
            given = {name for frame in base.frames for name in self._landmarks.cameras(frame)}
            _add(annotations, "landmarks2d", [name for name in base.cameras if name in given], base.cameras)
            if self._landmarks.has_3d:
                in_frames["landmarks3d"] = base.frames
        if self._mesh is not None:
            in_frames[self._mesh.name or "mesh"] = base.frames
        missing = [sentence for sentence in base.missing if not self._now_there(sentence)]
        without = [name for name in base.cameras if name not in annotations.get("mask", ())]
        if self._masks is not None and without:
            missing.append(f"No mask for camera {', '.join(without)}.")
        return replace(base, annotations=annotations, frame_annotations=in_frames, missing=tuple(missing))

    def reopen(self) -> SupplementedCapture:
        """Open the same capture again; see `Capture.reopen`."""
        landmarks = None if self._landmarks is None else self._landmarks.path
        return SupplementedCapture(self._capture.reopen(), self._masks, landmarks, self._mesh)

    def close(self) -> None:
        """Close the other capture."""
        self._capture.close()

    def _now_there(self, sentence: str) -> bool:
        """Whether a sentence about something missing as a whole names what was given here."""
        given = (("No mask", self._masks), ("No landmarks", self._landmarks), ("No mesh", self._mesh))
        model = self._mesh is not None and sentence.startswith("No model")
        return model or any(thing is not None and sentence.startswith(start) for start, thing in given)

    def _has_any_mask(self) -> bool:
        return any(
            self._mask(frame, camera) is not None
            for frame in self._capture.frame_ids
            for camera in self._capture.camera_names
        )

    def _mask(self, frame_id: str, camera_name: str) -> Path | None:
        if self._masks is None or not (_is_file_name(frame_id) and _is_file_name(camera_name)):
            return None
        for folder in (self._masks / frame_id, self._masks):
            for suffix in MASK_SUFFIXES:
                file = folder / f"{camera_name}{suffix}"
                if file.is_file():
                    return file
        return None


def _add(annotations: dict[str, tuple[str, ...]], kind: str, names: list[str], order: tuple[str, ...]) -> None:
    have = {*annotations.get(kind, ()), *names}
    if have:
        annotations[kind] = tuple(name for name in order if name in have)


def _is_file_name(name: str) -> bool:
    return name not in {"", ".", ".."} and not any(mark in name for mark in "/\\\0")
