"""renderkit render: mask, depth, normals and shaded colour of a capture's views, or of a bare mesh."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from renderkit.cli.arguments import (
    MESH_SUFFIXES,
    CamerasOption,
    CaptureInputs,
    DeviceOption,
    FlameOption,
    FramesOption,
    MeshOption,
    MeshRootOption,
    RendererChoice,
    RendererOption,
    UndistortOption,
    make_options,
    open_renderer,
)
from renderkit.cli.exit_codes import EXIT_BAD_INPUT
from renderkit.errors import DatasetError, RenderkitError

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.geometry.camera import Camera
    from renderkit.geometry.mesh import Mesh

_Job: TypeAlias = "tuple[str, Mesh, Camera]"
_LARGEST_SIDE = 16384

SourceArgument = Annotated[
    Path, typer.Argument(metavar="CAPTURE_OR_MESH", help="A capture, or a mesh file.", show_default=False)
]
RigOption = Annotated[
    Path | None,
    typer.Option("--rig", metavar="FILE", help="Cameras for a bare mesh; a ring by default.", show_default=False),
]


def render(
    source: SourceArgument,
    mesh: MeshOption = None,
    flame: FlameOption = None,
    mesh_root: MeshRootOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    rig: RigOption = None,
    views: Annotated[int, typer.Option("--views", min=1, max=3600, help="Views of the ring around a bare mesh.")] = 8,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="Picture size of the ring.")] = "1024x1024",
    undistort: UndistortOption = False,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("renders"),
    renderer: RendererOption = RendererChoice.AUTO,
    device: DeviceOption = None,
) -> None:
    """Write mask, depth (16-bit PNG with its scale beside it, and .npy), normals and shaded colour of chosen views.

    Of a capture the first frame is taken unless --frames says otherwise. A bare mesh is seen from a ring of views
    around it, or from the cameras of --rig.
    """
    from renderkit.results.run_folder import make_writable

    problems: list[str] = []
    with ExitStack() as stack:
        if source.suffix.lower() in MESH_SUFFIXES:
            unit, jobs = "unknown", _mesh_jobs(source, rig, cameras, views, _parse_size(size))
        else:
            inputs = CaptureInputs(source, tuple(mesh or ()), flame=flame, mesh_root=mesh_root)
            capture = stack.enter_context(inputs.open())
            unit, jobs = capture.unit, _capture_jobs(capture, inputs, frames, cameras, undistort, problems)
        _draw(jobs, unit, make_writable(out), renderer, device)
    typer.echo(f"renderings of {len(jobs)} views: {out}")
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if problems:
        raise typer.Exit(EXIT_BAD_INPUT)


def _draw(jobs: Sequence[_Job], unit: str, folder: Path, choice: RendererChoice, device: int | None) -> None:
    from renderkit.pictures.render_files import write_rendering
    from renderkit.render.base import RenderPass
    from renderkit.results.run_folder import safe_name

    with open_renderer(choice, device) as renderer:
        for stem, mesh, camera in jobs:
            rendering = renderer.render(mesh, camera, RenderPass.NORMAL | RenderPass.COLOR)
            write_rendering(rendering, camera, folder, safe_name(stem), unit, renderer.info)


def _capture_jobs(
    capture: Capture,
    inputs: CaptureInputs,
    frames: str | None,
    cameras: str | None,
    undistort: bool,
    problems: list[str],
) -> list[_Job]:
    """Return what to draw of a capture; what cannot be drawn is appended to `problems`."""
    from renderkit.pipeline.validate import chosen_meshes, read_content

    first = capture.frame_ids[0] if capture.frame_ids else None
    options = make_options(capture, inputs, frames or first, cameras, 0.5, undistort)
    jobs: list[_Job] = []
    for frame_id in options.frames or ():
        frame = capture.frame(frame_id)
        for name in chosen_meshes(frame, options):
            content = read_content(frame, name)
            if content.mesh is None or content.why_not_rendered:
                problems.append(f"frame {frame_id}: {content.why_not_rendered}")
                continue
            for camera_name in options.cameras or capture.camera_names:
                try:
                    camera = capture.camera(camera_name)
                except RenderkitError as error:
                    problems.append(f"frame {frame_id} camera {camera_name}: {error}")
                    continue
                jobs.append(
                    (f"{frame_id}_{camera_name}_{name}", content.mesh, camera.undistorted() if undistort else camera)
                )
    return jobs


def _mesh_jobs(
    file: Path, rig_file: Path | None, cameras: str | None, num_views: int, size: tuple[int, int]
) -> list[_Job]:
    from renderkit.formats.registry import read_rig
    from renderkit.geometry.mesh import Mesh
    from renderkit.geometry.orbit import ring_of_views
    from renderkit.pipeline.selection import select_cameras

    mesh = Mesh.read(file)
    if not len(mesh.faces):
        raise DatasetError(file, None, "the mesh has no faces, so there is nothing to render")
    rig = ring_of_views(mesh, num_views, size) if rig_file is None else read_rig(rig_file, size=size)
    names = tuple(rig.cameras)
    try:
        chosen = names if cameras is None else select_cameras(cameras, names)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return [(f"{file.stem}_{name}", mesh, rig[name]) for name in chosen]


def _parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.lower())
    if match is None or not (0 < int(match[1]) <= _LARGEST_SIDE and 0 < int(match[2]) <= _LARGEST_SIDE):
        raise typer.BadParameter(f"--size: expected WIDTHxHEIGHT of 1 to {_LARGEST_SIDE} px, got {text!r}")
    return int(match[1]), int(match[2])
