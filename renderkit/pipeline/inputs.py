"""What a run is made of: the capture with all that was given beside it, and the options that selections stand for."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.arguments import (
    PathLike,
    Selection,
    as_flag,
    as_given_path,
    as_names,
    as_number,
    as_path,
    as_selection,
    as_size,
    as_texts,
    refused,
)
from renderkit.capture import Capture
from renderkit.diagnosis.evidence.registry import BOARD, MESH, parse_evidence
from renderkit.errors import ArgumentError, DatasetError
from renderkit.flame.remembered import remembered_flame
from renderkit.formats import open_capture
from renderkit.formats.format import DEFAULT_MIN_CONFIDENCE
from renderkit.formats.opening import is_capture
from renderkit.formats.picture_layout import MESH_NAME
from renderkit.geometry.mesh import Mesh
from renderkit.geometry.mesh_files import MESH_SUFFIXES
from renderkit.metrics.score_kind import STANDARD
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD, ValidationOptions
from renderkit.pipeline.rig_evidence import usual_evidence
from renderkit.results.diagnosis import ALPHA
from renderkit.results.kinds import parse_metric_groups
from renderkit.selection import select_cameras, select_frames

if TYPE_CHECKING:
    from renderkit.boards.board import Board
    from renderkit.formats.folder import CameraNames
    from renderkit.pipeline.region_choice import RegionChoice

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class CaptureInputs:
    """Everything a capture is opened with.

    Attributes:
        capture: The file or folder; with `rig` and `images` the folder that patterns start from, the working folder
            when None.
        meshes: Names of the capture's meshes, mesh files, a pattern of mesh files, and meshes.
        masks: Folder or pattern of mattes.
        landmarks: Landmarks file or pattern.
        flame: File with FLAME's faces; the remembered one when None.
        mesh_root: Folder of FaceScape's models.
        rig: Camera file, in place of the capture's own cameras where it has some.
        images: Pattern of the photographs.
        camera_names: The cameras' names in file paths, by those of the rig or all in its order.
        size: (width, height) in px for camera files that state none.
        min_confidence: Landmarks whose confidence is not above this count as not detected; 0 when None, or what the
            capture itself says.
    """

    capture: Path | None
    meshes: tuple[str | Mesh, ...] = ()
    masks: str | Path | None = None
    landmarks: str | Path | None = None
    flame: Path | None = None
    mesh_root: Path | None = None
    rig: Path | None = None
    images: str | None = None
    camera_names: CameraNames | None = None
    size: tuple[int, int] | None = None
    min_confidence: float | None = None

    @classmethod
    def of(
        cls,
        capture: PathLike | Capture | None,
        mesh: PathLike | Mesh | Sequence[PathLike | Mesh] | None = None,
        *,
        masks: PathLike | None = None,
        landmarks: PathLike | None = None,
        flame: PathLike | None = None,
        mesh_root: PathLike | None = None,
        rig: PathLike | None = None,
        images: PathLike | None = None,
        camera_names: CameraNames | None = None,
        size: tuple[int, int] | None = None,
        min_confidence: float | None = None,
    ) -> CaptureInputs:
        """Build from what a caller gave: paths as text, an opened capture, one mesh or several.

        Raises:
            ArgumentError: If something is of another type.
        """
        place = capture.path if isinstance(capture, Capture) else capture
        return cls(
            capture=None if place is None else as_path("capture", place, ", or an opened capture"),
            meshes=_meshes(mesh),
            masks=None if masks is None else as_given_path("masks", masks),
            landmarks=None if landmarks is None else as_given_path("landmarks", landmarks),
            flame=None if flame is None else as_path("flame", flame),
            mesh_root=None if mesh_root is None else as_path("mesh_root", mesh_root),
            rig=None if rig is None else as_path("rig", rig),
            images=None if images is None else str(as_given_path("images", images)),
            camera_names=None if camera_names is None else as_names("camera_names", camera_names),
            size=None if size is None else as_size("size", size),
            min_confidence=None if min_confidence is None else as_number("min_confidence", min_confidence),
        )

    @property
    def gives_files(self) -> bool:
        """Whether anything is given that belongs to a capture."""
        return bool(self.meshes) or any(
            one is not None for one in (self.masks, self.landmarks, self.flame, self.mesh_root, self.rig, self.images)
        )

    def of_one(self, capture: Path, place: str = "") -> CaptureInputs:
        """Return these inputs for one of several captures.

        Mattes, landmarks and mesh files are taken from the capture's own folder where it has them, else from the
        working folder; `{capture}` in their paths, and in that of photographs, stands for the capture's place.

        Args:
            capture: The capture's file or folder.
            place: Its path below the folder of all captures, such as "122/1_neutral".
        """
        from renderkit.formats.patterns import folder_of, placed  # noqa: PLC0415 - for several captures

        def found(given: PathLike) -> str:
            return placed(str(given).replace("{capture}", place), (folder_of(capture), Path()))

        return replace(
            self,
            capture=capture,
            meshes=tuple(found(one) if isinstance(one, str) and is_mesh_file(one) else one for one in self.meshes),
            masks=None if self.masks is None else found(self.masks),
            landmarks=None if self.landmarks is None else found(self.landmarks),
            images=None if self.images is None else self.images.replace("{capture}", place),
        )

    def opened(self, capture: PathLike | Capture | None) -> AbstractContextManager[Capture]:
        """Open the capture; one that a caller gave opened is supplemented, and stays open.

        Raises:
            ArgumentError: If something is given that only the opening of a capture can use.
            DatasetError: If something is missing or damaged.
        """
        if not isinstance(capture, Capture):
            return self.open()
        if self.flame is not None or self.mesh_root is not None:
            raise ArgumentError("flame and mesh_root belong to the opening of a capture: give them to open_capture")
        if self.rig is not None or self.images is not None:
            raise ArgumentError("rig and images belong to the opening of a capture: give them to open_capture")
        return nullcontext(self.supplement(capture))

    def open(self) -> Capture:
        """Open the capture with all that was given beside it.

        Raises:
            ArgumentError: If something does not belong to the format, or there are two patterns of meshes.
            DatasetError: If something is missing or damaged.
        """
        patterns = [mesh for mesh in self.meshes if isinstance(mesh, str) and _is_pattern(mesh)]
        if len(patterns) > 1:
            raise ArgumentError(f"expected one pattern of meshes, found {', '.join(patterns)}")
        capture = self._open(patterns[0] if patterns else None)
        try:
            _, forgotten = self._remembered_flame
            if forgotten and capture.needs_flame_topology:
                _log.warning("warning: %s; FLAME is scored by its vertices alone without --flame FILE", forgotten)
            return replace(self, masks=None).supplement(capture)
        except Exception:
            capture.close()
            raise

    def _open(self, mesh_pattern: str | None) -> Capture:
        """Open the capture with all but mesh files and landmarks, which may be vertices of these meshes.

        Raises:
            ArgumentError: If something does not belong to the format.
            DatasetError: If something is missing or damaged.
        """
        try:
            return open_capture(
                self.capture,
                flame=self.flame_file if self._is_capture else self.flame,
                mesh_root=self.mesh_root,
                rig=self.rig,
                images=self.images,
                masks=self.masks,
                mesh=mesh_pattern,
                min_confidence=self.min_confidence,
                camera_names=self.camera_names,
                size=self.size,
            )
        except ValueError as error:
            raise ArgumentError(str(error)) from error

    def supplement(self, capture: Capture) -> Capture:
        """Return an opened capture with the meshes, mattes and landmarks that were given beside it.

        Raises:
            DatasetError: If something is missing or damaged.
        """
        if not self.meshes and self.masks is None and self.landmarks is None:
            return capture
        from renderkit.formats.supplement import SupplementedCapture  # noqa: PLC0415 - landmark files, mattes, meshes

        for given in self.meshes:
            if isinstance(given, Mesh):
                capture = SupplementedCapture(capture, mesh=given)
            elif is_mesh_file(given) and not _is_pattern(given):
                file = _beside(given, capture)
                capture = SupplementedCapture(capture, mesh=Mesh.read(file), mesh_file=file)
        if self.masks is not None or self.landmarks is not None:
            landmarks = None if self.landmarks is None else _beside(self.landmarks, capture)
            least = self.min_confidence or DEFAULT_MIN_CONFIDENCE
            capture = SupplementedCapture(capture, self.masks, landmarks, min_confidence=least)
        return capture

    @property
    def _is_capture(self) -> bool:
        """Whether the capture names its own pictures, and may have FLAME fits, whatever its cameras are."""
        return self.rig is None or (self.images is None and self.capture is not None and is_capture(self.capture))

    @property
    def flame_file(self) -> Path | None:
        """The file with FLAME's faces: the one given, else the remembered one if it is still there."""
        return self.flame or self._remembered_flame[0]

    @property
    def _remembered_flame(self) -> tuple[Path | None, str]:
        """The remembered file, or None and what is wrong with it; most captures need none."""
        if self.flame is not None:
            return None, ""
        try:
            return remembered_flame(), ""
        except DatasetError as error:
            return None, str(error)

    @property
    def mesh_names(self) -> tuple[str, ...]:
        """All of `meshes` by name; a file's mesh is called as the file, without suffix."""
        return tuple(_mesh_name(mesh) for mesh in self.meshes)


def _meshes(given: PathLike | Mesh | Sequence[PathLike | Mesh] | None) -> tuple[str | Mesh, ...]:
    """Return meshes and names, files or patterns of them.

    Raises:
        ArgumentError: If there is anything else.
    """
    if given is None:
        return ()
    several = (given,) if not isinstance(given, list | tuple) else tuple(given)
    for one in several:
        if not isinstance(one, str | os.PathLike | Mesh) or (isinstance(one, str) and not one):
            raise refused("mesh", "a mesh's name, a file, a Mesh, or a list of them", one)
    return tuple(one if isinstance(one, Mesh) else os.fspath(one) for one in several)


def _as_board(given: PathLike | Board) -> Board:
    from renderkit.boards.board import Board  # noqa: PLC0415 - most runs have no board
    from renderkit.boards.spec import read_board  # noqa: PLC0415 - as above

    return given if isinstance(given, Board) else read_board(as_given_path("board", given))


def _as_region(given: PathLike | RegionChoice) -> RegionChoice:
    from renderkit.pipeline.region_choice import RegionChoice  # noqa: PLC0415 - most runs compare where the mesh is

    return given if isinstance(given, RegionChoice) else RegionChoice.parse(str(as_given_path("region", given)))


def make_options(
    capture: Capture,
    meshes: Sequence[str] = (),
    *,
    frames: Selection | None = None,
    cameras: Selection | None = None,
    matte_threshold: float = DEFAULT_MATTE_THRESHOLD,
    undistort: bool = False,
    undistorted_mattes: bool = False,
    metrics: str | Iterable[str] = STANDARD,
    region: PathLike | RegionChoice | None = None,
    evidence: str | Iterable[str] | None = None,
    board: PathLike | Board | None = None,
    false_alarms: float = ALPHA,
) -> ValidationOptions:
    """Turn selections as typed into options; without `evidence` the capture's own is chosen, and a board's if named.

    Raises:
        ArgumentError: If a selection names what the capture does not have, a board's spec cannot be read, or a board is
            asked for as evidence and none is named.
        DatasetError: If the capture has no frame or no camera.
    """
    try:
        options = ValidationOptions(
            frames=None if frames is None else select_frames(as_selection("frames", frames), capture.frame_ids),
            cameras=None if cameras is None else select_cameras(as_selection("cameras", cameras), capture.camera_names),
            meshes=tuple(meshes),
            matte_threshold=as_number("matte_threshold", matte_threshold),
            undistort=as_flag("undistort", undistort) or undistorted_mattes,
            undistorted_mattes=as_flag("undistorted_mattes", undistorted_mattes),
            metrics=parse_metric_groups(",".join(as_texts("metrics", metrics))),
            region=None if region is None else _as_region(region),
            evidence=(MESH,) if evidence is None else parse_evidence(",".join(as_texts("evidence", evidence))),
            board=None if board is None else _as_board(board),
            false_alarms=as_number("false_alarms", false_alarms),
        )
    except ValueError as error:
        raise ArgumentError(str(error)) from error
    for what, names in (("frame", capture.frame_ids), ("usable camera", capture.camera_names)):
        if not names:
            raise DatasetError(capture.path, None, f"has no {what}; `renderkit inspect` shows what is in it")
    _check_meshes(capture, options.frames or capture.frame_ids, options.meshes)
    if evidence is None:
        return replace(options, evidence=usual_evidence(capture, options))
    if (BOARD in options.evidence) != (options.board is not None):
        raise ArgumentError("evidence: 'board' and --board SPEC are given together or not at all")
    return options


def _beside(given: PathLike, capture: Capture) -> Path:
    """Return a file of the working folder, or of the capture's folder where only that has it."""
    from renderkit.formats.patterns import folder_of, placed  # noqa: PLC0415 - for files beside a capture

    return Path(placed(given, (Path(), folder_of(capture.path))))


def is_mesh_file(text: str) -> bool:
    """Whether an argument means a mesh file, whether it exists or not."""
    return Path(text).suffix.lower() in MESH_SUFFIXES or Path(text).is_file()


def _is_pattern(mesh: str) -> bool:
    """Whether an argument stands for mesh files by `{frame}` or `*`; a file may have a star in its name."""
    return "{" in mesh or ("*" in mesh and not Path(mesh).exists())


def _mesh_name(mesh: str | Mesh) -> str:
    if isinstance(mesh, Mesh):
        return mesh.name or "mesh"
    if _is_pattern(mesh):
        return MESH_NAME
    return Path(mesh).stem if is_mesh_file(mesh) else mesh


def _check_meshes(capture: Capture, frames: Sequence[str], meshes: Sequence[str]) -> None:
    """Refuse a mesh name that no frame has: a slip of the pen, not a gap in the capture."""
    known: set[str] = set()
    for frame_id in frames:
        try:
            known.update(capture.frame(frame_id).mesh_names)
        except DatasetError:
            return  # a damaged frame is a failed row of the run, and may be the one that has the mesh
        if known.issuperset(meshes):
            return
    unknown = next((name for name in meshes if name not in known), None)
    if unknown is not None:
        has = ", ".join(sorted(known)) or "none"
        raise ArgumentError(f"no selected frame has a mesh {unknown!r}; there are: {has}; or name a mesh file")
