"""A capture with what its dataset does not ship: masks, landmarks, a mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from renderkit.arguments import as_given_path, as_kind, as_number, as_path
from renderkit.capture import Capture, Frame, Inventory, MissingPart, View
from renderkit.errors import DatasetError
from renderkit.formats.format import DEFAULT_MIN_CONFIDENCE
from renderkit.formats.landmarks_file import LandmarksFile
from renderkit.formats.mattes import MatteFiles, find_mattes, picture_in
from renderkit.formats.patterns import folder_of, placed
from renderkit.formats.view_names import ViewNames
from renderkit.formats.wrapped import WrappedCapture
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh

_Given: TypeAlias = tuple[str | Path | None, Path | None, Mesh | None, Path | None, float]


class SupplementedCapture(WrappedCapture):
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
        *,
        mesh_file: str | Path | None = None,
        min_confidence: float = DEFAULT_MIN_CONFIDENCE,
    ) -> None:
        """Put things together.

        Args:
            capture: The capture to add to; closed with this one.
            masks: Folder of mattes named `<frame>/<camera>.png`, or `<camera>.png` for every frame; or a pattern such
                as `mattes/{frame}/{camera}_alpha.png`; see `patterns.PathPattern`. In the working folder, or in the
                capture's where only that has it.
            landmarks: A landmarks file or folder; see `landmarks_file`.
            mesh: A mesh for every frame, offered under its own name ("mesh" if it has none).
            mesh_file: Where the mesh was read from, for a run's provenance.
            min_confidence: Landmarks whose confidence is not above this count as not detected; 0 leaves out those that
                state 0.

        Raises:
            DatasetError: If there is no matte for any camera, or the landmarks file cannot be read.
        """
        super().__init__(capture)
        given = None if masks is None else as_given_path("masks", masks)
        landmarks = None if landmarks is None else as_given_path("landmarks", landmarks)
        self._masks = None if given is None else placed(given, (Path(), folder_of(self.path)))
        names = ViewNames(capture.frame_ids, capture.camera_names)
        self._mattes = MatteFiles() if self._masks is None else find_mattes(self._masks, names)
        self._mesh_file = None if mesh_file is None else as_path("mesh_file", mesh_file)
        self._landmarks = None if landmarks is None else LandmarksFile(landmarks, names, min_confidence=min_confidence)
        self._min_confidence = as_number("min_confidence", min_confidence)
        self._mesh = None if mesh is None else as_kind("mesh", mesh, Mesh, "rk.load_mesh(FILE)")
        if masks is not None and not self._mattes.files:
            first = capture.camera_names[0] if capture.camera_names else "0"
            raise DatasetError(
                Path(masks),
                None,
                "expected mattes named <camera>.png or <frame>/<camera>.png (or .jpg, .tif, .webp, or as COLMAP "
                f"<picture>.png), for instance {first}.png; found none",
            )

    def __reduce__(self) -> tuple[Callable[..., SupplementedCapture], tuple[Capture, _Given]]:
        """Pickle as what to open."""
        return _reopen, (self._capture, self._given)

    @property
    def _given(self) -> _Given:
        landmarks = None if self._landmarks is None else self._landmarks.path
        return self._masks, landmarks, self._mesh, self._mesh_file, self._min_confidence

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The other capture's files, and what was given here."""
        landmarks = None if self._landmarks is None else self._landmarks.path
        given = [file for file in (self._mesh_file, landmarks) if file is not None]
        return tuple(dict.fromkeys([*self._capture.files_read, *given, *self._mattes.files.values()]))

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

    def view(self, frame_id: str, camera_name: str) -> View:
        """Describe one camera's picture of a frame; see `Capture.view`."""
        view = self._capture.view(frame_id, camera_name)
        mask = self._mattes.of(frame_id, camera_name)
        if mask is not None:
            notes = (*view.notes, *self._mattes.notes)
            picture = picture_in(mask, self.frame_ids.index(frame_id))
            view = replace(view, mask=picture, notes=notes)
        file = self._landmarks
        if file is not None and file.has_2d:
            own, camera = view.read_landmarks, view.camera

            def read() -> Landmarks | None:
                given = file.landmarks_2d(frame_id, camera_name, camera.size)
                return own() if given is None else given

            view = replace(view, read_landmarks=read, notes=(*view.notes, *file.notes))
        return view

    def inventory(self) -> Inventory:
        """Say what the capture holds with what was added, and what is missing still."""
        base = self._capture.inventory()
        annotations, in_frames = dict(base.annotations), dict(base.frame_annotations)
        found_masks = [
            name for name in base.cameras if any(self._mattes.of(frame, name) is not None for frame in base.frames)
        ]
        _add(annotations, "mask", found_masks, base.cameras)
        if self._landmarks is not None:
            given = {name for frame in base.frames for name in self._landmarks.cameras(frame)}
            _add(annotations, "landmarks2d", [name for name in base.cameras if name in given], base.cameras)
            if self._landmarks.has_3d:
                in_frames["landmarks3d"] = base.frames
        if self._mesh is not None:
            in_frames[self._mesh.name or "mesh"] = base.frames
        missing = [part for part in base.missing if part.kind not in self._given_kinds]
        if self._masks is not None:
            missing += MissingPart.of_cameras("mask", annotations.get("mask", ()), base.cameras)
        return replace(base, annotations=annotations, frame_annotations=in_frames, missing=tuple(missing))

    def reopen(self) -> SupplementedCapture:
        """Open the same capture again; see `Capture.reopen`."""
        return _reopen(self._capture.reopen(), self._given)

    @property
    def _given_kinds(self) -> frozenset[str]:
        """Kinds of parts that the other capture lacks and that were given here."""
        landmarks = self._landmarks
        given = {
            "mask": self._masks is not None,
            "mesh": self._mesh is not None,
            "landmarks": landmarks is not None,
            "landmarks2d": landmarks is not None and landmarks.has_2d,
            "landmarks3d": landmarks is not None and landmarks.has_3d,
        }
        return frozenset(kind for kind, is_given in given.items() if is_given)


def _reopen(capture: Capture, given: _Given) -> SupplementedCapture:
    masks, landmarks, mesh, mesh_file, least = given
    return SupplementedCapture(capture, masks, landmarks, mesh, mesh_file=mesh_file, min_confidence=least)


def _add(annotations: dict[str, tuple[str, ...]], kind: str, names: list[str], order: tuple[str, ...]) -> None:
    have = {*annotations.get(kind, ()), *names}
    if have:
        annotations[kind] = tuple(name for name in order if name in have)
