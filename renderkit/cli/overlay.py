"""renderkit overlay: pictures of mesh, outlines and landmarks over the photographs."""

from __future__ import annotations

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
from renderkit.cli.exit_codes import EXIT_BAD_INPUT
from renderkit.cli.progress import complain_of

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.pictures.pictures import RunPictures
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.renderers.base import Renderer

OpacityOption = Annotated[float, typer.Option("--opacity", min=0.0, max=1.0, help="Opacity of the shaded rendering.")]
VideoOption = Annotated[
    Path | None,
    typer.Option(
        "--video",
        metavar="FILE.mp4",
        help="Write a video instead: around the rig for one frame, over the frames for one camera.",
        show_default=False,
    ),
]
FpsOption = Annotated[float, typer.Option("--fps", min=0.1, max=240.0, help="Pictures per second of the video.")]
MaxSizeOption = Annotated[int, typer.Option("--max-size", min=64, max=16384, help="Longest side of a picture in px.")]


def overlay(
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
    opacity: OpacityOption = 0.45,
    max_size: MaxSizeOption = 1600,
    video: VideoOption = None,
    fps: FpsOption = 5.0,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("overlays"),
    renderer: RendererOption = RendererChoice.AUTO,
    device: DeviceOption = None,
) -> None:
    """Write overlays of chosen views (the first frame's by default), and a contact sheet."""
    from renderkit.pictures.overlay import OverlayStyle
    from renderkit.pictures.pictures import RunPictures
    from renderkit.pipeline.inputs import make_options
    from renderkit.results.run_folder import make_writable

    inputs = scene_inputs(
        capture, mesh, masks, landmarks, flame=flame, mesh_root=mesh_root, rig=rig, images=images,
        camera_names=camera_names, size=size, min_confidence=min_confidence,
    )  # fmt: skip
    with inputs.open() as opened:
        chosen = frames or (opened.frame_ids[0] if opened.frame_ids else None)
        options = make_options(
            opened,
            inputs.mesh_names,
            frames=chosen,
            cameras=cameras,
            matte_threshold=matte_threshold,
            undistort=undistort,
        )
        style = OverlayStyle(max_size=max_size, rendering=opacity)
        if video is not None:
            from renderkit.cli.overlay_video import write_overlay_video

            with open_renderer(renderer, device) as drawing:
                raise typer.Exit(write_overlay_video(opened, drawing, options, style, video, fps))
        pictures = RunPictures(make_writable(out), style, worst_first=worst_first, overlays=not sheet)
        with open_renderer(renderer, device) as drawing:
            num_failed = _draw(opened, drawing, options, pictures)
    typer.echo(f"pictures: {out}")
    for relative in pictures.sheets:
        typer.echo(f"contact sheet: {out / relative}")
    if num_failed:
        raise typer.Exit(EXIT_BAD_INPUT)


def _draw(capture: Capture, renderer: Renderer, options: ValidationOptions, pictures: RunPictures) -> int:
    """Draw all views and return how many failed; each failure is said on stderr."""
    from renderkit.pipeline.validate import validate_views

    num_failed = 0
    for row in validate_views(capture, renderer, options, pictures.draw):
        pictures.add(row)
        num_failed += complain_of(row)
    pictures.finish()
    return num_failed
