"""renderkit overlay: pictures of mesh, outlines and landmarks over the photographs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.arguments import (
    CameraNamesOption,
    CamerasOption,
    CaptureArgument,
    DeviceOption,
    FlameOption,
    FramesOption,
    ImagesOption,
    LandmarksOption,
    MasksOption,
    MeshOption,
    MeshRootOption,
    MinConfidenceOption,
    RendererChoice,
    RendererOption,
    RigOption,
    SizeOption,
    ThresholdOption,
    UndistortOption,
    open_renderer,
    scene_inputs,
)
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_PASS
from renderkit.cli.overlay_video import write_video
from renderkit.cli.picture_arguments import PictureLook, SideBySideOption, StyleChoice, read_look
from renderkit.cli.progress import Progress, complain_of
from renderkit.cli.shared_options import draws_pictures

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.renderers.base import Renderer


class VideoChoice(StrEnum):
    """What a video shows."""

    TURNTABLE = "turntable"
    TIME = "time"
    GRID = "grid"


VideoOption = Annotated[
    VideoChoice | None,
    typer.Option(
        "--video",
        help="Write a video instead: around the rig, over the frames of a camera, or of all cameras in a grid.",
        show_default=False,
    ),
]
FpsOption = Annotated[float, typer.Option("--fps", min=0.1, max=240.0, help="Pictures per second of the video.")]
OverlayOutOption = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Output folder; for a video also FILE.mp4, FILE.webm or FILE.gif."),
]


@draws_pictures
def overlay(
    style: StyleChoice,
    capture: CaptureArgument = None,
    mesh: MeshOption = None,
    masks: MasksOption = None,
    landmarks: LandmarksOption = None,
    min_confidence: MinConfidenceOption = None,
    rig: RigOption = None,
    images: ImagesOption = None,
    camera_names: CameraNamesOption = None,
    size: SizeOption = None,
    flame: FlameOption = None,
    mesh_root: MeshRootOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    undistort: UndistortOption = False,
    matte_threshold: ThresholdOption = 0.5,
    sheet: Annotated[bool, typer.Option("--sheet", help="Write a contact sheet only.")] = False,
    worst_first: Annotated[bool, typer.Option("--worst-first", help="Order the contact sheet by deviation.")] = False,
    side_by_side: SideBySideOption = False,
    video: VideoOption = None,
    fps: FpsOption = 5.0,
    out: OverlayOutOption = Path("overlays"),
    renderer: RendererOption = RendererChoice.AUTO,
    device: DeviceOption = None,
) -> None:
    """Write overlays of chosen views (the first frame's by default), and a contact sheet."""
    from renderkit.pipeline.inputs import make_options

    look = read_look(style, side_by_side=side_by_side)
    inputs = scene_inputs(
        capture, mesh, masks, landmarks, flame=flame, mesh_root=mesh_root, rig=rig, images=images,
        camera_names=camera_names, size=size, min_confidence=min_confidence,
    )  # fmt: skip
    with inputs.open() as opened:
        first = next(iter(opened.frame_ids), None) if video in {None, VideoChoice.TURNTABLE} else None
        options = make_options(
            opened, inputs.mesh_names, frames=frames or first, cameras=cameras, matte_threshold=matte_threshold,
            undistort=undistort,
        )  # fmt: skip
        with open_renderer(renderer, device) as drawing:
            if video is not None:
                raise typer.Exit(write_video(opened, drawing, options, look, kind=video.value, out=out, fps=fps))
            num_failed = _draw(opened, drawing, options, look, out, sheet_only=sheet, worst_first=worst_first)
    raise typer.Exit(EXIT_BAD_INPUT if num_failed else EXIT_PASS)


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
    plan = PicturePlan(frozenset() if sheet_only else drawable, frozenset(row.key for row in rows))
    with Progress("pictures") as progress:
        made = PictureRun(capture, renderer, options, files, look.style, progress.update).draw(rows, plan)
    typer.echo(f"pictures: {out}")
    for relative in made.sheets:
        typer.echo(f"contact sheet: {out / relative}")
    return sum(complain_of(row) for row in made.rows)
