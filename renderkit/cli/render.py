"""renderkit render: mask, depth, normals and shaded colour of a capture's views, or of a bare mesh."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
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
from renderkit.cli.picture_arguments import PictureLook, StyleChoice, read_look
from renderkit.cli.progress import Progress
from renderkit.cli.shared_options import draws_pictures
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.pipeline.render_jobs import RenderJob, RenderJobs
    from renderkit.renderers.base import Renderer

_LARGEST_SIDE = 16384

SourceArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[CAPTURE_OR_MESH]", help="A capture, or a mesh file; not needed with --rig.", show_default=False
    ),
]


@draws_pictures
def render(
    style: StyleChoice,
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
    around it, or from the cameras of --rig. With a preset or options of style, one picture of each view is written
    instead, without its photograph.
    """
    from renderkit.geometry.mesh_files import MESH_SUFFIXES
    from renderkit.pictures.layers.registry import find_layers
    from renderkit.pipeline.inputs import make_options
    from renderkit.pipeline.render_jobs import capture_jobs, mesh_jobs

    look = read_look(style, opacity=1.0) if style else None
    if source is not None and source.suffix.lower() in MESH_SUFFIXES:
        todo = mesh_jobs(source, rig, cameras, num_views=views, size=_parse_size(size or "1024x1024"))
        _draw(todo, out, look, renderer, device)
        return
    inputs = scene_inputs(
        source, mesh, flame=flame, mesh_root=mesh_root, rig=rig, images=images, camera_names=camera_names, size=size
    )
    with inputs.open() as capture:
        chosen = frames or (capture.frame_ids[0] if capture.frame_ids else None)
        options = make_options(capture, inputs.mesh_names, frames=chosen, cameras=cameras, undistort=undistort)
        textured = look is not None and any(layer.unlit for layer in find_layers(look.style.layers))
        _draw(capture_jobs(capture, options, textured=textured), out, look, renderer, device)


def _draw(todo: RenderJobs, out: Path, look: PictureLook | None, choice: RendererChoice, device: int | None) -> None:
    from renderkit.results.run_folder import make_writable

    folder = make_writable(out)
    with open_renderer(choice, device) as renderer, Progress("renderings") as progress:
        write = _picture_writer(look, folder, renderer) if look is not None else _data_writer(todo, folder, renderer)
        for done, job in enumerate(todo.jobs, 1):
            write(job)
            progress.update(done, len(todo.jobs))
    typer.echo(f"{'renderings' if look is None else 'pictures'} of {counted(len(todo.jobs), 'view')}: {out}")
    for problem in todo.problems:
        sys.stderr.write(f"{problem}\n")
    if todo.problems:
        raise typer.Exit(EXIT_BAD_INPUT)


def _data_writer(todo: RenderJobs, folder: Path, renderer: Renderer) -> Callable[[RenderJob], None]:
    from renderkit.pictures.render_files import write_rendering
    from renderkit.renderers.base import RenderPass
    from renderkit.results.run_folder import safe_name

    def write(job: RenderJob) -> None:
        rendering = renderer.render(job.mesh, job.camera, RenderPass.NORMAL | RenderPass.COLOR)
        write_rendering(rendering, job.camera, folder, safe_name(job.name), todo.unit, renderer.info)

    return write


def _picture_writer(look: PictureLook, folder: Path, renderer: Renderer) -> Callable[[RenderJob], None]:
    from renderkit.capture import View
    from renderkit.pictures.drawing import write_picture
    from renderkit.pictures.pictures import DEFAULT_NAME, PictureFiles
    from renderkit.pipeline.mesh_picture import draw_mesh
    from renderkit.results.run_folder import safe_name

    files = PictureFiles(folder, suffix=look.suffix, name=look.name or DEFAULT_NAME)

    def write(job: RenderJob) -> None:
        picture = draw_mesh(job.key, View(job.key.frame, job.camera), job.mesh, look.style, renderer=renderer)
        usual = f"{safe_name(job.name)}{look.suffix}"
        write_picture(picture, folder / (usual if look.name is None else files.path_of(job.key)))

    return write


def _parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.lower())
    if match is None or not (0 < int(match[1]) <= _LARGEST_SIDE and 0 < int(match[2]) <= _LARGEST_SIDE):
        raise typer.BadParameter(f"--size: expected WIDTHxHEIGHT of 1 to {_LARGEST_SIDE} px, got {text!r}")
    return int(match[1]), int(match[2])
