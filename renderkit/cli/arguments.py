"""The arguments that commands share, and what they mean."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.errors import DatasetError

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.render.base import Renderer

MESH_SUFFIXES = {".ply", ".obj", ".stl", ".off", ".glb", ".gltf"}
"""Files with these suffixes are meshes, not captures."""


class RendererChoice(StrEnum):
    """The renderer to use."""

    AUTO = "auto"
    EGL = "egl"
    CPU = "cpu"


CaptureArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CAPTURE",
        help="A RenderMe-360 .smc file, a FaceScape tuple folder, or a Middlebury folder.",
        show_default=False,
    ),
]
MeshOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mesh",
        metavar="NAME|FILE",
        help="Mesh of the capture (scan, flame) or a mesh file in its world units; may be repeated.",
        show_default=False,
    ),
]
MasksOption = Annotated[
    Path | None,
    typer.Option("--masks", metavar="DIR", help="Mattes: <camera>.png or <frame>/<camera>.png.", show_default=False),
]
LandmarksOption = Annotated[
    Path | None,
    typer.Option("--landmarks", metavar="FILE", help="Landmarks as JSON, see docs/formats.md.", show_default=False),
]
FlameOption = Annotated[
    Path | None,
    typer.Option(
        "--flame",
        metavar="FILE",
        help="FLAME's faces: the official model, a template .obj or .ply, or an .npz.",
        show_default=False,
    ),
]
RememberOption = Annotated[bool, typer.Option("--remember", help="Remember the --flame file for later runs.")]
MeshRootOption = Annotated[
    Path | None,
    typer.Option("--mesh-root", metavar="DIR", help="Folder of FaceScape's released models.", show_default=False),
]
FramesOption = Annotated[
    str | None,
    typer.Option(
        "--frames", metavar="LIST", help="Such as 3,7 or 0:10:2; all by default; docs/selection.md.", show_default=False
    ),
]
CamerasOption = Annotated[
    str | None,
    typer.Option(
        "--cameras",
        metavar="LIST",
        help="Such as 18,25-32 or 'cam*,!cam7'; all by default; docs/selection.md.",
        show_default=False,
    ),
]
UndistortOption = Annotated[
    bool,
    typer.Option("--undistort", help="Undistort pictures and mattes instead of rendering with distortion."),
]
UndistortedMattesOption = Annotated[
    bool,
    typer.Option(
        "--undistorted-mattes", help="The mattes were made on undistorted pictures: undistort only the photographs."
    ),
]
MetricsOption = Annotated[
    str,
    typer.Option(
        "--metrics",
        metavar="LIST",
        help="standard, full, or a list of contour, multiview, depth, texture, intervals; more metrics take more time.",
    ),
]
RegionOption = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="Where masks are compared: face, background-edge, mesh, image, a polygon 'X,Y X,Y X,Y' or a picture file.",
        show_default=False,
    ),
]
ChecksOption = Annotated[
    bool, typer.Option("--checks/--no-checks", help="First check the capture's conventions in a few views.")
]
ThresholdOption = Annotated[
    float, typer.Option("--matte-threshold", min=0.0, max=1.0, help="Alpha from which a matte counts as inside.")
]
RendererOption = Annotated[
    RendererChoice, typer.Option("--renderer", help="Renderer to use; auto prefers a GPU, then the CPU.")
]
DeviceOption = Annotated[
    int | None,
    typer.Option("--device", metavar="N", min=0, help="EGL device, see `renderkit doctor`.", show_default=False),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Views in parallel; one per core by default.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Output folder; runs/<capture>-<time> by default.", show_default=False),
]


@dataclass(frozen=True)
class CaptureInputs:
    """Everything a capture is opened with.

    Attributes:
        capture: The file or folder.
        meshes: Names of the capture's meshes, and mesh files.
        masks: Folder of mattes.
        landmarks: Landmarks file.
        flame: File with FLAME's faces; the remembered one when None.
        mesh_root: Folder of FaceScape's models.
    """

    capture: Path
    meshes: tuple[str, ...] = ()
    masks: Path | None = None
    landmarks: Path | None = None
    flame: Path | None = None
    mesh_root: Path | None = None

    def open(self) -> Capture:
        """Open the capture with all supplements.

        Raises:
            DatasetError: If something is missing or damaged.
        """
        from renderkit.formats.captures import open_capture
        from renderkit.formats.supplement import SupplementedCapture
        from renderkit.geometry.mesh import Mesh

        capture = open_capture(self.capture, flame=self.flame_file, mesh_root=self.mesh_root)
        try:
            _, forgotten = self._remembered_flame
            if forgotten and _has_faceless_flame(capture):
                sys.stderr.write(f"warning: {forgotten}; without --flame FILE, FLAME is scored only by its vertices\n")
            for file in self.mesh_files:
                capture = SupplementedCapture(capture, mesh=Mesh.read(file))
            if self.masks is not None or self.landmarks is not None:
                capture = SupplementedCapture(capture, self.masks, self.landmarks)
        except Exception:
            capture.close()
            raise
        return capture

    @property
    def flame_file(self) -> Path | None:
        """The file with FLAME's faces: the given one, else the remembered one if it still exists."""
        return self.flame or self._remembered_flame[0]

    @property
    def _remembered_flame(self) -> tuple[Path | None, str]:
        """The remembered file, or None and what is wrong with it; most captures need none."""
        from renderkit.flame.remembered import remembered_flame

        if self.flame is not None:
            return None, ""
        try:
            return remembered_flame(), ""
        except DatasetError as error:
            return None, str(error)

    @property
    def mesh_files(self) -> tuple[Path, ...]:
        """Those of `meshes` that are files."""
        return tuple(Path(text) for text in self.meshes if is_mesh_file(text))

    @property
    def mesh_names(self) -> tuple[str, ...]:
        """All of `meshes` by name; the mesh of a file has the file's name without suffix."""
        return tuple(Path(text).stem if is_mesh_file(text) else text for text in self.meshes)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that a run reads, for their hashes; of a folder the files directly in it."""
        from renderkit.formats.smc_files import find_sibling

        found = [*self.mesh_files, *(path for path in (self.landmarks, self.flame_file) if path is not None)]
        if self.capture.is_file():
            sibling = find_sibling(self.capture)
            found += [self.capture] if sibling is None else [self.capture, sibling]
        else:
            found.append(self.capture.parent / f"{self.capture.name}.ply")  # where FaceScape has a tuple's model
        for folder in (self.capture, self.masks):
            if folder is not None and folder.is_dir():
                found += [path for path in folder.iterdir() if path.is_file()]
        return tuple(found)


def remember(flame: Path | None) -> None:
    """Remember a FLAME file for later runs.

    Raises:
        typer.BadParameter: If none is given.
        DatasetError: If it cannot be remembered.
    """
    from renderkit.flame.remembered import remember_flame

    if flame is None:
        raise typer.BadParameter("--remember needs --flame FILE")
    sys.stderr.write(f"remembered {flame} in {remember_flame(flame)}\n")


def make_options(
    capture: Capture,
    inputs: CaptureInputs,
    frames: str | None,
    cameras: str | None,
    matte_threshold: float,
    undistort: bool,
    undistorted_mattes: bool = False,
    metrics: str = "standard",
    region: str | None = None,
) -> ValidationOptions:
    """Turn selections from the command line into options.

    Raises:
        typer.BadParameter: If a selection names what the capture does not have.
    """
    from renderkit.pipeline.metric_groups import parse_metric_groups
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.pipeline.region_choice import RegionChoice
    from renderkit.pipeline.selection import select_cameras, select_frames

    try:
        options = ValidationOptions(
            None if frames is None else select_frames(frames, capture.frame_ids),
            None if cameras is None else select_cameras(cameras, capture.camera_names),
            inputs.mesh_names,
            matte_threshold,
            undistort or undistorted_mattes,
            undistorted_mattes,
            parse_metric_groups(metrics),
            None if region is None else RegionChoice.parse(region),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    _check_not_empty(capture, inputs.capture)
    _check_meshes(capture, options.frames or capture.frame_ids, inputs.mesh_names)
    return options


def open_renderer(choice: RendererChoice, device: int | None, workers: int | None = None) -> Renderer:
    """Make the requested renderer, with up to `workers` views in parallel if it supports that.

    Raises:
        ContextError: If there is none.
        typer.BadParameter: If a device is given for the CPU.
    """
    from renderkit.render.choose import make_renderer

    try:
        if workers is None:
            return make_renderer(choice.value, device)
        return make_renderer(choice.value, device, threads=workers)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _has_faceless_flame(capture: Capture) -> bool:
    """Whether the capture has FLAME fits, which are stored without faces."""
    return capture.dataset == "renderme360" and bool(capture.inventory().frame_annotations.get("flame"))


def _check_not_empty(capture: Capture, path: Path) -> None:
    for what, names in (("frame", capture.frame_ids), ("usable camera", capture.camera_names)):
        if not names:
            raise DatasetError(path, None, f"has no {what}; `renderkit inspect` shows what is in it")


def _check_meshes(capture: Capture, frames: Sequence[str], meshes: Sequence[str]) -> None:
    """Refuse a mesh name that no frame has: a typing error, not missing data."""
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
        raise typer.BadParameter(f"no selected frame has a mesh {unknown!r}; there are: {has}; or name a mesh file")


def is_mesh_file(text: str) -> bool:
    """Whether an argument names a mesh file, existing or not."""
    return Path(text).suffix.lower() in MESH_SUFFIXES or Path(text).is_file()
