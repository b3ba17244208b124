"""A video of overlays: around the rig, over the frames of one camera, or over the frames of all cameras in a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from renderkit.arguments import Selection, as_kind, as_number, as_one_of, as_path
from renderkit.arrays import ColorImage
from renderkit.capture import Capture
from renderkit.errors import ArgumentError, DatasetError
from renderkit.geometry.mesh import Mesh
from renderkit.pictures.overlay import DrawnView, vector_factor
from renderkit.pictures.pictures import TILE_LINE_PX, TILE_MARK_PX, sheet_legend, short_score
from renderkit.pictures.sheet import Tile, draw_sheet
from renderkit.pictures.style import OverlayStyle, style_with
from renderkit.pictures.video import VideoFile, turntable_order
from renderkit.pipeline.capture_scene import read_rig_of
from renderkit.pipeline.draw_views import Drawn, WantedPicture, draw_views
from renderkit.pipeline.inputs import CaptureInputs, make_options
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.base import Renderer
from renderkit.renderers.choose import RendererKind, as_renderer, make_renderer
from renderkit.results.rows import Failure, ViewResult

VideoKind: TypeAlias = Literal["turntable", "time", "grid"]


def video(
    capture: Capture | str | Path,
    out: str | Path,
    kind: VideoKind = "turntable",
    *,
    frames: Selection | None = None,
    cameras: Selection | None = None,
    mesh: str | Path | Mesh | None = None,
    flame: str | Path | None = None,
    fps: float = 5.0,
    style: OverlayStyle | None = None,
    renderer: Renderer | RendererKind = "auto",
    progress: Callable[[int, int], None] | None = None,
    **changes: object,
) -> Path:
    """Write the overlays of a capture as a video.

    Args:
        capture: A capture, open or its path.
        out: The file: .mp4 (H.264), .webm (VP9) or .gif.
        kind: "turntable" walks around the rig in one frame, "time" shows the frames of one camera, "grid" those of all
            cameras.
        frames: Selection of frames, as for `validate`; the first for a turntable, else all.
        cameras: Selection of cameras; all when None.
        mesh: Which mesh, or a mesh file; the first that a frame has when None.
        flame: FLAME model or template for captures whose meshes have no faces.
        fps: Pictures per second.
        style: How the pictures look.
        renderer: "auto", "egl" or "cpu", or a renderer.
        progress: Called with the number of views drawn and their total.
        **changes: Attributes of `OverlayStyle` that replace the style's, as for `overlay`.

    Returns:
        The file.

    Raises:
        ArgumentError: If a selection or the style is not valid, or the chosen views do not suit the kind of video.
        DatasetError: If the capture cannot be read, no view of it can be drawn, or the video cannot be written.
        MissingExtraError: If the package for its format is not installed: .mp4 and .webm need the extra `video`.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=4, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, options)
        ...     file = rk.video(truth.capture, f"{folder}/rig.gif", layers=("wireframe", "outline"), renderer="cpu")
        ...     file.read_bytes()[:6]
        b'GIF89a'
    """
    file, rate = as_path("out", out), as_number("fps", fps)
    if not 0.0 < rate <= 240.0:
        raise ArgumentError(f"fps: expected more than 0 and at most 240 pictures per second, got {rate:g}")
    as_one_of("kind", kind, get_args(VideoKind))
    chosen = style_with(as_kind("style", style or OverlayStyle(), OverlayStyle), changes, "video")
    place = capture.path if isinstance(capture, Capture) else capture
    inputs = CaptureInputs.of(place, mesh=mesh, flame=flame)
    with ExitStack() as stack:
        opened = stack.enter_context(inputs.opened(capture if isinstance(capture, Capture) else None))
        drawing = stack.enter_context(make_renderer(renderer)) if isinstance(renderer, str) else as_renderer(renderer)
        options = make_options(opened, inputs.mesh_names, frames=frames, cameras=cameras)
        options = video_options(opened, options, kind)
        rows = tuple(validate_views(opened, drawing, options))
        written, bad = OverlayVideo(opened, drawing, options, chosen, progress).write(rows, kind, file, rate)
    if not written:
        failed = next((row.failure.message for row in rows if row.failure is not None), "")
        why = failed or next((warning for row in bad for warning in row.warnings), "there are none")
        raise DatasetError(Path(place), None, f"no view could be drawn: {why}")
    return file


def video_options(capture: Capture, options: ValidationOptions, kind: VideoKind) -> ValidationOptions:
    """Return the views that a video shows, in its order: the first frame for a turntable, else all chosen ones.

    Raises:
        ArgumentError: If a turntable has several frames, or a video over time several cameras.
    """
    frames = capture.frame_ids if options.frames is None else options.frames
    cameras = capture.camera_names if options.cameras is None else options.cameras
    if kind == "turntable":
        if len(frames) > 1 and options.frames is not None:
            raise ArgumentError("a turntable shows one frame: choose it with --frames, or take --video grid")
        around = turntable_order(list(read_rig_of(capture, cameras)))
        # A camera without calibration has no place around the rig: its failure is still said.
        cameras = (*around, *(name for name in cameras if name not in around))
        return replace(options, frames=tuple(frames[:1]), cameras=cameras)
    if kind == "time" and len(cameras) > 1:
        raise ArgumentError("a video over time shows one camera: choose it with --cameras, or take --video grid")
    return replace(options, frames=tuple(frames), cameras=tuple(cameras))


@dataclass(frozen=True, eq=False)
class OverlayVideo:
    """Draws a video.

    Attributes:
        capture: The capture that was scored.
        renderer: Renders the meshes.
        options: From `video_options`.
        style: How the pictures look.
        advance: Called with the number of views drawn and their total.
    """

    capture: Capture
    renderer: Renderer
    options: ValidationOptions
    style: OverlayStyle
    advance: Callable[[int, int], None] | None = None

    def write(
        self, rows: Sequence[ViewResult], kind: VideoKind, path: Path, fps: float
    ) -> tuple[int, list[ViewResult]]:
        """Write the video.

        Args:
            rows: The scored views, in the order of the video.
            kind: See the module.
            path: Ends in .mp4, .webm or .gif.
            fps: Pictures per second.

        Returns:
            The number of pictures, and the rows of those that could not be drawn, with a warning.

        Raises:
            DatasetError: If the video cannot be written.
            MissingExtraError: If a package for its format is not installed.
        """
        bad: list[ViewResult] = []
        found = self._grids(rows) if kind == "grid" else self._single(rows)
        with VideoFile(path, fps) as video:
            for one in found:
                if isinstance(one, ViewResult):
                    bad.append(one)
                else:
                    video.add(one)
        return video.num_pictures, bad

    def _single(self, rows: Sequence[ViewResult]) -> Iterator[ColorImage | ViewResult]:
        """Yield the picture of each view, or its row where there is none."""
        for one in self._drawn(rows, self.style, DrawnView.whole):
            yield _not_drawn(one.row, one.result) if isinstance(one.result, Failure) else one.result

    def _grids(self, rows: Sequence[ViewResult]) -> Iterator[ColorImage | ViewResult]:
        """Yield a contact sheet of each frame, before it the rows of views that could not be drawn.

        A sheet has as many columns as fit; each camera's place is the same in all frames.
        """
        width = max(120, self.style.max_size // max(1, round(len({row.key.camera for row in rows}) ** 0.5)))
        style = self.style.thin(2 * width, TILE_LINE_PX, TILE_MARK_PX)
        legend = sheet_legend(style, vector_factor(rows))
        results = self._drawn(rows, style, lambda drawn: drawn.tile(width, TILE_LINE_PX, TILE_MARK_PX))
        for frame, group in groupby(rows, key=lambda row: row.key.frame):
            tiles = []
            for row in group:
                result = next(results).result if row.failure is None else row.failure
                if isinstance(result, Failure):
                    tiles.append(Tile(row.key.camera, None, f"failed: {result.type}", framed=True))
                    if row.failure is None:
                        yield _not_drawn(row, result)
                else:
                    tiles.append(Tile(row.key.camera, result, short_score(row)))
            yield draw_sheet(tiles, f"{rows[0].key.capture}, frame {frame}", width, legend)

    def _drawn(
        self, rows: Sequence[ViewResult], style: OverlayStyle, use: Callable[[DrawnView], ColorImage]
    ) -> Iterator[Drawn[ColorImage]]:
        wanted = [WantedPicture(row, style) for row in rows if row.failure is None]
        factor = vector_factor(rows)
        found = draw_views(self.capture, self.renderer, self.options, wanted, use, vector_factor=factor)
        for done, one in enumerate(found, 1):
            if self.advance is not None:
                self.advance(done, len(wanted))
            yield one


def _not_drawn(row: ViewResult, failure: Failure) -> ViewResult:
    return replace(row, warnings=(f"no overlay: {failure.message}",))
