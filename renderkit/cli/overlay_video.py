"""renderkit overlay --video: around the rig, over time, or all cameras in a grid."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_PASS
from renderkit.cli.picture_arguments import PictureLook, refuse_inputs
from renderkit.cli.progress import Progress, complain_of
from renderkit.cli.tables import say
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.pipeline.overlay_video import VideoKind
    from renderkit.renderers.base import Renderer


def write_video(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions,
    look: PictureLook,
    *,
    kind: VideoKind,
    out: Path,
    fps: float,
) -> int:
    """Write the overlays as one video and return the exit code.

    Raises:
        ArgumentError: If the chosen views do not suit the kind of video.
        DatasetError: If the video cannot be written.
        MissingExtraError: If a package for its format is not installed.
    """
    from renderkit.images.video import is_video
    from renderkit.pictures.video import VIDEO_FORMATS
    from renderkit.pipeline.overlay_video import OverlayVideo, video_options
    from renderkit.pipeline.validate import validate_views
    from renderkit.results.run_folder import make_writable

    chosen = video_options(capture, options, kind)
    is_file = is_video(out) or out.suffix.lower() in VIDEO_FORMATS
    path = out if is_file and not out.is_dir() else make_writable(out) / f"{kind}.mp4"
    refuse_inputs([path], capture.files_read)
    rows = tuple(validate_views(capture, renderer, chosen))
    num_failed = sum(complain_of(row) for row in rows)
    with Progress("pictures") as progress:
        video = OverlayVideo(capture, renderer, chosen, look.style, progress.update)
        num_pictures, bad = video.write(rows, kind, path, fps)
    num_failed += sum(complain_of(row) for row in bad)
    if not num_pictures:
        sys.stderr.write("renderkit: no view could be rendered, so there is no video\n")
        return EXIT_BAD_INPUT
    say(f"video: {path} ({counted(num_pictures, 'picture')}, {num_pictures / fps:.1f} s)")
    return EXIT_BAD_INPUT if num_failed else EXIT_PASS
