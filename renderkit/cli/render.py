"""renderkit render: mask, depth, normals and shaded colour of a capture's views, or of a bare mesh."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.arguments import (
    CameraNamesOption,
    CamerasOption,
    DeviceOption,
    FlameOption,
    FramesOption,
    ImagesOption,
    MeshOption,
    MeshRootOption,
    RendererChoice,
    RendererOption,
    RigOption,
    UndistortOption,
    open_renderer,
    scene_inputs,
)
from renderkit.cli.exit_codes import EXIT_BAD_INPUT
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.pipeline.render_jobs import RenderJobs

_LARGEST_SIDE = 16384

SourceArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[CAPTURE_OR_MESH]", help="A capture, or a mesh file; not needed with --rig.", show_default=False
    ),
]


def render(
    source: SourceArgument = None,
    mesh: MeshOption = None,
    flame: FlameOption = None,
    mesh_root: MeshRootOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    rig: RigOption = None,
    images: ImagesOption = None,
    camera_names: CameraNamesOption = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size", metavar="WxH", help="Picture size of the orbit (1024x1024), or of cameras that state none."
        ),
    ] = None,
    views: Annotated[
        int, typer.Option("--views", min=1, max=3600, help="Number of views on a circle around a mesh without cameras.")
    ] = 8,
    undistort: UndistortOption = False,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("renders"),
    renderer: RendererOption = RendererChoice.AUTO,
    device: DeviceOption = None,
) -> None:
    """Write mask, depth (16-bit PNG with its scale beside it, and .npy), normals and shaded colour of chosen views.

    Of a capture the first frame is taken unless --frames says otherwise. A bare mesh is seen from a ring of views
    around it, or from the cameras of --rig.
    """
    from renderkit.geometry.mesh_files import MESH_SUFFIXES
    from renderkit.pipeline.inputs import make_options
    from renderkit.pipeline.render_jobs import capture_jobs, mesh_jobs

    if source is not None and source.suffix.lower() in MESH_SUFFIXES:
        todo = mesh_jobs(source, rig, cameras, num_views=views, size=_parse_size(size or "1024x1024"))
        _draw(todo, out, renderer, device)
        return
    inputs = scene_inputs(
        source, mesh, flame=flame, mesh_root=mesh_root, rig=rig, images=images, camera_names=camera_names, size=size
    )
    with inputs.open() as capture:
        chosen = frames or (capture.frame_ids[0] if capture.frame_ids else None)
        options = make_options(capture, inputs.mesh_names, frames=chosen, cameras=cameras, undistort=undistort)
        _draw(capture_jobs(capture, options), out, renderer, device)


def _draw(todo: RenderJobs, out: Path, choice: RendererChoice, device: int | None) -> None:
    from renderkit.pictures.render_files import write_rendering
    from renderkit.renderers.base import RenderPass
    from renderkit.results.run_folder import make_writable, safe_name

    folder = make_writable(out)
    with open_renderer(choice, device) as renderer:
        for job in todo.jobs:
            rendering = renderer.render(job.mesh, job.camera, RenderPass.NORMAL | RenderPass.COLOR)
            write_rendering(rendering, job.camera, folder, safe_name(job.name), todo.unit, renderer.info)
    typer.echo(f"renderings of {counted(len(todo.jobs), 'view')}: {out}")
    for problem in todo.problems:
        sys.stderr.write(f"{problem}\n")
    if todo.problems:
        raise typer.Exit(EXIT_BAD_INPUT)


def _parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.lower())
    if match is None or not (0 < int(match[1]) <= _LARGEST_SIDE and 0 < int(match[2]) <= _LARGEST_SIDE):
        raise typer.BadParameter(f"--size: expected WIDTHxHEIGHT of 1 to {_LARGEST_SIDE} px, got {text!r}")
    return int(match[1]), int(match[2])
