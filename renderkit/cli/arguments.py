"""The arguments that commands share, and what they mean."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from renderkit.cli.command import PATH, PATH_OR_TEXT, FloatRange, IntRange, argument, together
from renderkit.cli.option_rules import Declared, has_value, rule

if TYPE_CHECKING:
    from renderkit.formats.folder import CameraNames
    from renderkit.pipeline.inputs import CaptureInputs
    from renderkit.renderers.base import Renderer
    from renderkit.renderers.choose import RendererKind

_SIZE = re.compile(r"^(\d{1,6})[xX](\d{1,6})$")


RENDERERS: Final[tuple[RendererKind, ...]] = ("auto", "egl", "cpu")
CAPTURE_ABOUT: Final = (
    "A capture (RenderMe-360, FaceScape, Middlebury), or a folder with cameras of any format and pictures (COLMAP, "
    "nerfstudio, EasyMocap, capture.toml ...)."
)
_MESH_ABOUT: Final = "Mesh of the capture (scan, flame), a mesh file in its world units, or 'meshes/{frame}.obj'"


def parse_size(text: str) -> tuple[int, int]:
    """Return (width, height) of a text such as 2448x2048.

    Raises:
        click.BadParameter: If it is nothing like it.
    """
    found = _SIZE.match(text)
    if found is None or 0 in (int(found[1]), int(found[2])):
        raise click.BadParameter(f"expected WIDTHxHEIGHT such as 2448x2048, got {text!r}")
    return int(found[1]), int(found[2])


def _read_camera_names(_context: click.Context, _: click.Parameter, file: Path | None) -> CameraNames | None:
    from renderkit.formats.camera_names import read_camera_names

    return None if file is None else read_camera_names(file)


capture_argument = argument(
    "capture",
    "[CAPTURE]",
    f"{CAPTURE_ABOUT} Not needed with --rig.",
    type=PATH,
    required=False,
)
rig_option = click.option(
    "--rig",
    metavar="FILE",
    type=PATH,
    help="Cameras in any format: in place of the capture's own, or for pictures found by --images.",
)
images_option = click.option(
    "--images",
    metavar="PATTERN",
    type=PATH_OR_TEXT,
    help="Photographs, such as 'images/{frame}/{camera}.jpg'; docs/guide/own-capture.md.",
)
camera_names_option = click.option(
    "--camera-names",
    metavar="FILE.csv",
    type=PATH,
    callback=_read_camera_names,
    help="Where names differ: a line of 'camera,name in files' for each.",
)
size_option = click.option(
    "--size",
    metavar="WIDTHxHEIGHT",
    type=parse_size,
    help="Image size for formats that state none and have no pictures beside them.",
)
mesh_option = click.option(
    "--mesh",
    metavar="NAME|FILE",
    type=PATH_OR_TEXT,
    multiple=True,
    help=f"{_MESH_ABOUT}; may be repeated.",
)
one_mesh_option = click.option(
    "--mesh",
    metavar="NAME|FILE",
    type=PATH_OR_TEXT,
    help=f"{_MESH_ABOUT}.",
)
masks_option = click.option(
    "--masks",
    metavar="DIR|PATTERN",
    type=PATH_OR_TEXT,
    help="Mattes: a folder with <camera>.png or <frame>/<camera>.png, or 'masks/{frame}/{camera}*.png'.",
)
landmarks_option = click.option(
    "--landmarks", metavar="FILE|DIR", type=PATH_OR_TEXT, help="Landmarks in the layouts of docs/formats.md."
)
min_confidence_option = click.option(
    "--min-confidence",
    type=FloatRange(0),
    help="Landmarks whose confidence is not above this are left out; 0 by default.",
)
flame_option = click.option(
    "--flame", metavar="FILE", type=PATH, help="FLAME's faces: the official model, a template .obj or .ply, or an .npz."
)
remember_option = click.option(
    "--remember", "remember_flame", is_flag=True, help="Remember the --flame file for later runs."
)
mesh_root_option = click.option("--mesh-root", metavar="DIR", type=PATH, help="Folder of FaceScape's released models.")
frames_option = click.option(
    "--frames", metavar="LIST", help="Such as 3,7 or 0:10:2; all by default; docs/selection.md."
)
few_frames_option = click.option(
    "--frames", metavar="LIST",
    help="Such as 3,7, 0:10:2 or all; the first by default, in a video over time or a grid all; docs/selection.md.",
)  # fmt: skip
cameras_option = click.option(
    "--cameras", metavar="LIST", help="Such as 18,25-32 or 'cam*,!cam7'; all by default; docs/selection.md."
)
undistort_option = click.option(
    "--undistort", is_flag=True, help="Undistort pictures and mattes instead of rendering with distortion."
)
undistorted_mattes_option = click.option(
    "--undistorted-mattes",
    is_flag=True,
    help="The mattes were made on undistorted pictures: undistort only the photographs.",
)
metrics_option = click.option(
    "--metrics",
    metavar="LIST",
    default="standard",
    help="standard, full, or a list of contour, depth, texture, intervals; more metrics take more time.",
)
evidence_option = click.option(
    "--evidence",
    metavar="LIST",
    help="What the rig is judged by: a list of mesh, points, mattes, board. By default the mesh, or without one "
    "what the views have; `diagnose` asks the mattes too where the mesh is not exact.",
)
board_option = click.option(
    "--board",
    metavar="SPEC",
    type=PATH_OR_TEXT,
    help="The board in the photographs: charuco:COLSxROWS:SQUARE:MARKER:DICT, chessboard:COLSxROWS:SQUARE, "
    "aprilgrid:COLSxROWS:TAG:GAP, circles:COLSxROWS:SPACING[:asymmetric], or a .toml or Kalibr .yaml file.",
)
region_option = click.option(
    "--region",
    metavar="REGION",
    type=PATH_OR_TEXT,
    help="Where masks are compared: face, background-edge, mesh, image, a polygon 'X,Y X,Y X,Y' or a picture file.",
)
checks_option = click.option(
    "--checks/--no-checks", default=True, help="First check the capture's conventions in a few views."
)
sanity_option = click.option(
    "--sanity/--no-sanity", default=True, help="Say whether the rig as a whole fits; exit code 1 where it does not."
)
false_alarms_option = click.option(
    "--false-alarms",
    type=float,
    default=0.01,
    help="Probability that the diagnosis names a camera of a rig without fault.",
)
matte_threshold_option = click.option(
    "--matte-threshold", type=FloatRange(0, 1), default=0.5, help="Alpha from which a matte counts as inside."
)
renderer_option = click.option(
    "--renderer",
    type=click.Choice(RENDERERS),
    default="auto",
    help="Renderer to use; auto prefers a GPU, then the CPU.",
)
device_option = click.option("--device", metavar="N", type=IntRange(0), help="EGL device, see `renderkit doctor`.")
workers_option = click.option(
    "--workers", metavar="N", type=IntRange(1), help="Views in parallel; one per core by default."
)


def out_option(metavar: str, about: str, **settings: Any) -> Callable[[Declared], Declared]:  # noqa: ANN401 - click's own
    """Return a decorator that adds --out, which every command that takes it calls -o as well."""
    return click.option("--out", "-o", metavar=metavar, type=PATH, help=about, **settings)


def _is_of_pictures(context: click.Context) -> bool:
    """Whether cameras come with pictures of their own, and not in place of a capture's."""
    is_capture = any(has_value(context, name) for name in ("capture", "captures", "source"))
    return has_value(context, "rig") and (has_value(context, "images") or not is_capture)


mesh_files = together(flame_option, mesh_root_option)
annotation_files = together(masks_option, landmarks_option, min_confidence_option)
camera_files = together(
    rig_option, images_option, camera_names_option,
    rule(_is_of_pictures, ("flame", "mesh_root"), "without a capture of a known format"),
)  # fmt: skip

capture_inputs = together(mesh_option, mesh_files, annotation_files, camera_files, size_option, section="Inputs")
"""What a capture is opened with: the values of `scene_inputs`."""

selection = together(frames_option, cameras_option, section="Selection")
few_selection = together(few_frames_option, cameras_option, section="Selection")
scores = together(
    undistort_option, undistorted_mattes_option, matte_threshold_option, metrics_option, region_option, section="Scores"
)
rendering = together(
    renderer_option, device_option, section="Renderer",
)  # fmt: skip

judges_rig = together(
    capture_argument,
    together(one_mesh_option, mesh_files, annotation_files, camera_files, size_option, section="Inputs"),
    selection,
    undistorted_mattes_option, matte_threshold_option, false_alarms_option,
)  # fmt: skip
"""The options of a command that judges the rig of a capture."""


def remember(flame: Path | None) -> None:
    """Remember a FLAME file for later runs.

    Raises:
        click.BadParameter: If none is given.
        DatasetError: If it cannot be remembered.
    """
    from renderkit.flame.remembered import remember_flame

    if flame is None:
        raise click.BadParameter("--remember needs --flame FILE")
    sys.stderr.write(f"remembered {flame} in {remember_flame(flame)}\n")


def open_renderer(choice: RendererKind, device: int | None) -> Renderer:
    """Make the renderer that was asked for.

    Raises:
        ContextError: If there is none.
        ArgumentError: If a device is given for the CPU.
    """
    from renderkit.renderers.choose import make_renderer

    return make_renderer(choice, device)


def scene_inputs(capture: Path | None, given: Mapping[str, Any]) -> CaptureInputs:
    """Return what a capture is opened with.

    Args:
        capture: As named, or None.
        given: The values of `capture_inputs`, or of some of them.

    Raises:
        click.BadParameter: If neither a capture nor a camera file is named.
    """
    from renderkit.pipeline.inputs import CaptureInputs

    if capture is None and given["rig"] is None:
        raise click.BadParameter("name a CAPTURE, or the cameras with --rig FILE and pictures with --images PATTERN")
    return CaptureInputs.of(capture, **given)
