"""renderkit overlay --video: a turntable over cameras, or a sequence over frames."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_PASS
from renderkit.cli.progress import complain_of

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.pictures.overlay import OverlayStyle
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.renderers.base import Renderer
    from renderkit.results.evidence import ViewEvidence

_CAPTION_SPARE = 0.15
"""Captions differ in their number of lines; the pictures above them stay in place."""


def write_overlay_video(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions,
    style: OverlayStyle,
    path: Path,
    fps: float,
) -> int:
    """Write the overlays as one video and return the exit code.

    Raises:
        typer.BadParameter: If several frames of several cameras are chosen.
        DatasetError: If the video cannot be written.
    """
    from renderkit.pictures.overlay import draw_overlay
    from renderkit.pictures.video import VideoFile, turntable_order
    from renderkit.pipeline.capture_scene import read_rig_of
    from renderkit.pipeline.validate import validate_views

    frames = capture.frame_ids if options.frames is None else options.frames
    cameras = capture.camera_names if options.cameras is None else options.cameras
    if len(frames) > 1 and len(cameras) > 1:
        raise typer.BadParameter("a video takes one frame (around the rig) or one camera (over --frames): choose one")
    if len(cameras) > 1:
        around = turntable_order(list(read_rig_of(capture, cameras)))
        # A camera without calibration has no place around the rig: its failure is still said.
        options = replace(options, cameras=(*around, *(name for name in cameras if name not in around)))
    num_failed = 0
    with VideoFile(path, fps, _CAPTION_SPARE) as video:

        def draw(evidence: ViewEvidence) -> None:
            video.add(draw_overlay(evidence, style))

        for row in validate_views(capture, renderer, options, draw):
            num_failed += complain_of(row)
    if not video.num_pictures:
        sys.stderr.write("renderkit: no view could be rendered, so there is no video\n")
        return EXIT_BAD_INPUT
    typer.echo(f"video: {path} ({video.num_pictures} pictures, {video.num_pictures / fps:.1f} s)")
    return EXIT_BAD_INPUT if num_failed else EXIT_PASS
