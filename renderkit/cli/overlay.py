"""renderkit overlay: pictures of mesh, outlines and landmarks over the photographs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.exceptions import Exit

from renderkit.cli.arguments import (
    capture_argument,
    capture_inputs,
    few_selection,
    matte_threshold_option,
    open_renderer,
    out_option,
    rendering,
    scene_inputs,
    undistort_option,
)
from renderkit.cli.command import FloatRange, as_mapping, command
from renderkit.cli.command_log import log_options
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_PASS
from renderkit.cli.option_rules import excludes, needs, rule
from renderkit.cli.overlay_video import write_video
from renderkit.cli.picture_arguments import (
    PictureLook,
    StyleChoice,
    draws_pictures,
    read_look,
    refuse_inputs,
    side_by_side_option,
)
from renderkit.cli.progress import Progress, complain_of
from renderkit.cli.tables import say

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.pipeline.overlay_video import VideoKind
    from renderkit.renderers.base import Renderer
    from renderkit.renderers.choose import RendererKind


VIDEOS: Final[tuple[VideoKind, ...]] = ("turntable", "time", "grid")


@command()
@capture_argument
@as_mapping("beside", capture_inputs)
@few_selection
@undistort_option
@matte_threshold_option
@click.option("--sheet", is_flag=True, help="Write a contact sheet only.")
@click.option("--worst-first", is_flag=True, help="Order the contact sheet by deviation.")
@side_by_side_option
@click.option(
    "--video",
    type=click.Choice(VIDEOS),
    help="Write a video instead: around the rig, over the frames of a camera, or of all cameras in a grid.",
)
@click.option("--fps", type=FloatRange(0.1, 240), default=5.0, help="Pictures per second of the video.")
@needs("video", "fps")
@excludes("video", "sheet", "worst_first", "file_format", "name")
@excludes("sheet", "name", "side_by_side", "no_caption", "max_size", "line_width", why="its tiles have their own look")
@rule(
    lambda context: context.params["video"] == "grid",
    ("side_by_side", "no_caption", "line_width"), "with --video grid: its tiles have their own look",
)  # fmt: skip
@out_option("DIR", "Output folder; for a video also FILE.mp4, FILE.webm or FILE.gif.", default=Path("overlays"))
@rendering
@as_mapping("style", draws_pictures)
@log_options
def overlay(
    capture: Path | None,
    beside: Mapping[str, Any],
    frames: str | None,
    cameras: str | None,
    undistort: bool,
    matte_threshold: float,
    sheet: bool,
    worst_first: bool,
    side_by_side: bool,
    video: VideoKind | None,
    fps: float,
    out: Path,
    renderer: RendererKind,
    device: int | None,
    style: Mapping[str, Any],
) -> None:
    """Write overlays of chosen views (the first frame's by default), and a contact sheet."""
    from renderkit.pipeline.inputs import make_options

    look = read_look(StyleChoice.of(**style), side_by_side=side_by_side)
    inputs = scene_inputs(capture, beside)
    with inputs.open() as opened:
        first = next(iter(opened.frame_ids), None) if video in {None, "turntable"} else None
        options = make_options(
            opened, inputs.mesh_names, frames=frames or first, cameras=cameras, matte_threshold=matte_threshold,
            undistort=undistort,
        )  # fmt: skip
        with open_renderer(renderer, device) as drawing:
            if video is not None:
                raise Exit(write_video(opened, drawing, options, look, kind=video, out=out, fps=fps))
            num_failed = _draw(opened, drawing, options, look, out, sheet_only=sheet, worst_first=worst_first)
    raise Exit(EXIT_BAD_INPUT if num_failed else EXIT_PASS)


def _draw(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions,
    look: PictureLook,
    out: Path,
    *,
    sheet_only: bool,
    worst_first: bool,
) -> int:
    """Draw all views and return how many failed; each failure is said on stderr."""
    from renderkit.pictures.pictures import DEFAULT_NAME, PictureFiles
    from renderkit.pipeline.run_pictures import PicturePlan, PictureRun
    from renderkit.pipeline.validate import validate_views
    from renderkit.results.run_folder import make_writable

    files = PictureFiles(
        make_writable(out), suffix=look.suffix, name=look.name or DEFAULT_NAME, worst_first=worst_first
    )
    rows = tuple(validate_views(capture, renderer, options))
    drawable = frozenset(row.key for row in rows if row.failure is None)
    refuse_inputs((out / files.path_of(key) for key in drawable), capture.files_read)
    plan = PicturePlan(frozenset() if sheet_only else drawable, frozenset(row.key for row in rows))
    with Progress("pictures") as progress:
        made = PictureRun(capture, renderer, options, files, look.style, progress.update).draw(rows, plan)
    say(f"pictures: {out}")
    for relative in made.sheets:
        say(f"contact sheet: {out / relative}")
    return sum(complain_of(row) for row in made.rows)
