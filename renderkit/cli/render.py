"""renderkit render: mask, depth, normals and shaded colour of a capture's views, or of a bare mesh."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from renderkit.cli.arguments import (
    camera_files,
    few_selection,
    mesh_files,
    mesh_option,
    open_renderer,
    out_option,
    parse_size,
    rendering,
    scene_inputs,
    undistort_option,
)
from renderkit.cli.command import PATH, IntRange, argument, as_mapping, command, together
from renderkit.cli.command_log import log_options
from renderkit.cli.exit_codes import EXIT_BAD_INPUT
from renderkit.cli.option_rules import rule
from renderkit.cli.picture_arguments import PictureLook, StyleChoice, draws_pictures, read_look, refuse_inputs
from renderkit.cli.progress import Progress
from renderkit.cli.tables import say
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.pipeline.render_jobs import RenderJob, RenderJobs
    from renderkit.renderers.base import Renderer
    from renderkit.renderers.choose import RendererKind

_SIZE = (1024, 1024)
_LARGEST_SIDE = 16384

_size_option = click.option(
    "--size",
    metavar="WIDTHxHEIGHT",
    type=parse_size,
    help="Picture size of the orbit (1024x1024), or of cameras that state none.",
)


@command()
@argument("source", "[CAPTURE_OR_MESH]", "A capture, or a mesh file; not needed with --rig.", type=PATH, required=False)
@as_mapping("beside", together(mesh_option, mesh_files, camera_files, _size_option, section="Inputs"))
@few_selection
@click.option(
    "--views",
    type=IntRange(1, 3600),
    default=8,
    help="Number of views on a circle around a mesh without cameras.",
)
@undistort_option
@out_option("DIR", "Output folder.", default=Path("renders"))
@rendering
@as_mapping("style", draws_pictures)
@rule(
    lambda context: _is_mesh(context.params["source"]),
    ("mesh", "flame", "mesh_root", "images", "camera_names", "frames", "undistort"),
    "on a bare mesh, which is no capture",
)
@rule(
    lambda context: _is_mesh(context.params["source"]) and context.params["rig"] is None,
    ("cameras",), "on a bare mesh without --rig FILE",
)  # fmt: skip
@rule(
    lambda context: not _is_mesh(context.params["source"]) or context.params["rig"] is not None,
    ("views",), "with cameras: the ring of views is for a bare mesh",
)  # fmt: skip
@log_options
def render(
    source: Path | None,
    beside: Mapping[str, Any],
    frames: str | None,
    cameras: str | None,
    views: int,
    undistort: bool,
    out: Path,
    renderer: RendererKind,
    device: int | None,
    style: Mapping[str, Any],
) -> None:
    """Write mask, depth (16-bit PNG with its scale beside it, and .npy), normals and shaded colour of chosen views.

    Of a capture the first frame is taken unless --frames says otherwise. A bare mesh is seen from a ring of views
    around it, or from the cameras of --rig. With a preset or options of style, one picture of each view is written
    instead, without its photograph.
    """
    from renderkit.pictures.layers.registry import find_layers
    from renderkit.pipeline.inputs import make_options
    from renderkit.pipeline.render_jobs import capture_jobs, mesh_jobs

    choice = StyleChoice.of(**style)
    look = read_look(choice, opacity=1.0) if choice else None
    if source is not None and _is_mesh(source):
        todo = mesh_jobs(source, beside["rig"], cameras, num_views=views, size=_orbit_size(beside["size"]))
        _draw(todo, out, look, renderer, device)
        return
    inputs = scene_inputs(source, beside)
    with inputs.open() as capture:
        chosen = frames or (capture.frame_ids[0] if capture.frame_ids else None)
        options = make_options(capture, inputs.mesh_names, frames=chosen, cameras=cameras, undistort=undistort)
        textured = look is not None and any(layer.unlit for layer in find_layers(look.style.layers))
        todo = capture_jobs(capture, options, textured=textured)
        _draw(todo, out, look, renderer, device, read=capture.files_read)


def _is_mesh(source: Path | None) -> bool:
    from renderkit.geometry.mesh_files import MESH_SUFFIXES

    return source is not None and source.suffix.lower() in MESH_SUFFIXES


def _draw(
    todo: RenderJobs,
    out: Path,
    look: PictureLook | None,
    choice: RendererKind,
    device: int | None,
    read: Sequence[Path] = (),
) -> None:
    from renderkit.results.run_folder import make_writable

    folder = make_writable(out)
    with open_renderer(choice, device) as renderer, Progress("renderings") as progress:
        if look is None:
            write = _data_writer(todo, folder, renderer)
        else:
            name = _picture_names(look, folder)
            refuse_inputs(map(name, todo.jobs), read)
            write = _picture_writer(look, name, renderer)
        for done, job in enumerate(todo.jobs, 1):
            write(job)
            progress.update(done, len(todo.jobs))
    say(f"{'renderings' if look is None else 'pictures'} of {counted(len(todo.jobs), 'view')}: {out}")
    for note in todo.notes:
        sys.stderr.write(f"warning: {note}\n")
    for problem in todo.problems:
        sys.stderr.write(f"{problem}\n")
    if todo.problems:
        raise Exit(EXIT_BAD_INPUT)


def _data_writer(todo: RenderJobs, folder: Path, renderer: Renderer) -> Callable[[RenderJob], None]:
    from renderkit.pictures.render_files import write_rendering
    from renderkit.renderers.base import RenderPass
    from renderkit.results.run_folder import safe_name

    def write(job: RenderJob) -> None:
        rendering = renderer.render(job.mesh, job.camera, RenderPass.NORMAL | RenderPass.COLOR)
        write_rendering(rendering, job.camera, folder, safe_name(job.name), todo.unit, renderer.info)

    return write


def _picture_names(look: PictureLook, folder: Path) -> Callable[[RenderJob], Path]:
    from renderkit.pictures.pictures import DEFAULT_NAME, PictureFiles
    from renderkit.results.run_folder import safe_name

    files = PictureFiles(folder, suffix=look.suffix, name=look.name or DEFAULT_NAME)

    def name(job: RenderJob) -> Path:
        usual = f"{safe_name(job.name)}{look.suffix}"
        return folder / (usual if look.name is None else files.path_of(job.key))

    return name


def _picture_writer(
    look: PictureLook, name: Callable[[RenderJob], Path], renderer: Renderer
) -> Callable[[RenderJob], None]:
    from renderkit.capture import View
    from renderkit.pictures.drawing import write_picture
    from renderkit.pipeline.mesh_picture import draw_mesh

    def write(job: RenderJob) -> None:
        picture = draw_mesh(job.key, View(job.key.frame, job.camera), job.mesh, look.style, renderer=renderer)
        write_picture(picture, name(job))

    return write


def _orbit_size(size: tuple[int, int] | None) -> tuple[int, int]:
    width, height = size or _SIZE
    if max(width, height) > _LARGEST_SIDE:
        raise click.BadParameter(
            f"expected WIDTHxHEIGHT of at most {_LARGEST_SIDE} px, got {width}x{height}", param_hint="--size"
        )
    return width, height
