"""The arguments that commands share, and what they mean."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from renderkit.formats.folder import CameraNames
    from renderkit.pipeline.inputs import CaptureInputs
    from renderkit.renderers.base import Renderer

_SIZE = re.compile(r"^(\d{1,6})[xX](\d{1,6})$")


class RendererChoice(StrEnum):
    """The renderer to use."""

    AUTO = "auto"
    EGL = "egl"
    CPU = "cpu"


CaptureArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[CAPTURE]",
        help="A capture (RenderMe-360, FaceScape, Middlebury), or a folder with cameras of any format and pictures "
        "(COLMAP, nerfstudio, EasyMocap, capture.toml ...). Not needed with --rig.",
        show_default=False,
    ),
]
RigOption = Annotated[
    Path | None,
    typer.Option(
        "--rig", metavar="FILE", help="Cameras in any format, for pictures found by --images.", show_default=False
    ),
]
ImagesOption = Annotated[
    str | None,
    typer.Option(
        "--images",
        metavar="PATTERN",
        help="Photographs, such as 'images/{frame}/{camera}.jpg'; docs/guide/own-capture.md.",
        show_default=False,
    ),
]
CameraNamesOption = Annotated[
    Path | None,
    typer.Option(
        "--camera-names",
        metavar="FILE.csv",
        help="Where names differ: a line of 'camera,name in files' for each.",
        show_default=False,
    ),
]
SizeOption = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="WIDTHxHEIGHT",
        help="Image size for formats that state none and have no pictures beside them.",
        show_default=False,
    ),
]
MeshOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mesh",
        metavar="NAME|FILE",
        help="Mesh of the capture (scan, flame), a mesh file in its world units, or 'meshes/{frame}.obj'; may be "
        "repeated.",
        show_default=False,
    ),
]
OneMeshOption = Annotated[
    str | None,
    typer.Option("--mesh", metavar="NAME|FILE", help="Mesh of the capture or a mesh file.", show_default=False),
]
MasksOption = Annotated[
    str | None,
    typer.Option(
        "--masks",
        metavar="DIR|PATTERN",
        help="Mattes: a folder with <camera>.png or <frame>/<camera>.png, or 'masks/{frame}/{camera}*.png'.",
        show_default=False,
    ),
]
LandmarksOption = Annotated[
    str | None,
    typer.Option(
        "--landmarks", metavar="FILE|DIR", help="Landmarks in the layouts of docs/formats.md.", show_default=False
    ),
]
MinConfidenceOption = Annotated[
    float | None,
    typer.Option(
        "--min-confidence",
        help="Landmarks whose confidence is not above this are left out; 0 by default.",
        min=0.0,
        show_default=False,
    ),
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
        help="standard, full, or a list of contour, depth, texture, intervals; more metrics take more time.",
    ),
]
EvidenceOption = Annotated[
    str | None,
    typer.Option(
        "--evidence",
        metavar="LIST",
        help="What the rig is judged by: a list of mesh, points, mattes, board. By default the mesh, or without "
        "one what the views have; `diagnose` asks the mattes too where the mesh is not exact.",
        show_default=False,
    ),
]
BoardOption = Annotated[
    str | None,
    typer.Option(
        "--board",
        metavar="SPEC",
        help="The board in the photographs: charuco:COLSxROWS:SQUARE:MARKER:DICT, chessboard:COLSxROWS:SQUARE, "
        "aprilgrid:COLSxROWS:TAG:GAP, circles:COLSxROWS:SPACING[:asymmetric], or a .toml or Kalibr .yaml file.",
        show_default=False,
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
SanityOption = Annotated[
    bool,
    typer.Option("--sanity/--no-sanity", help="Say whether the rig as a whole fits; exit code 1 where it does not."),
]
FalseAlarmsOption = Annotated[
    float,
    typer.Option("--false-alarms", help="Probability that the diagnosis names a camera of a rig without fault."),
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


def open_renderer(choice: RendererChoice, device: int | None) -> Renderer:
    """Make the renderer that was asked for.

    Raises:
        ContextError: If there is none.
        ArgumentError: If a device is given for the CPU.
    """
    from renderkit.renderers.choose import make_renderer

    return make_renderer(choice.value, device)


def scene_inputs(
    capture: Path | None,
    mesh: list[str] | None = None,
    masks: str | None = None,
    landmarks: str | None = None,
    *,
    flame: Path | None = None,
    mesh_root: Path | None = None,
    rig: Path | None = None,
    images: str | None = None,
    camera_names: Path | None = None,
    size: str | None = None,
    min_confidence: float | None = None,
) -> CaptureInputs:
    """Return what a capture is opened with, from the options that all commands share.

    Raises:
        typer.BadParameter: If neither a capture nor a camera file is named, or an option is malformed.
        DatasetError: If the file of camera names cannot be read.
    """
    from renderkit.pipeline.inputs import CaptureInputs

    if capture is None and rig is None:
        raise typer.BadParameter("name a CAPTURE, or the cameras with --rig FILE and pictures with --images PATTERN")
    return CaptureInputs(
        capture,
        tuple(mesh or ()),
        masks,
        landmarks,
        flame,
        mesh_root,
        rig,
        images,
        parse_camera_names(camera_names),
        parse_size(size),
        min_confidence,
    )


def parse_camera_names(file: Path | None) -> CameraNames | None:
    """Return what the file of --camera-names says; None without one.

    Raises:
        DatasetError: If it cannot be read.
    """
    from renderkit.formats.camera_names import read_camera_names

    return None if file is None else read_camera_names(file)


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Return (width, height) of a text such as 2448x2048.

    Raises:
        typer.BadParameter: If it is nothing like it.
    """
    if text is None:
        return None
    found = _SIZE.match(text)
    if found is None or 0 in (int(found[1]), int(found[2])):
        raise typer.BadParameter(f"expected WIDTHxHEIGHT such as 2448x2048, got {text!r}", param_hint="--size")
    return int(found[1]), int(found[2])
