"""The main job: walk a capture's frames and views, render, score, yield a row for each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from renderkit.buffer_pool import BufferPool, keep_freed_memory
from renderkit.capture import Capture, Frame, View
from renderkit.diagnosis.evidence.registry import MESH
from renderkit.errors import ContextError
from renderkit.metrics.score_kind import Needs
from renderkit.pipeline.evidence import ViewPart
from renderkit.pipeline.evidence_meter import EvidenceMeter
from renderkit.pipeline.frame_content import NO_MESH, FrameContent, read_shared_content
from renderkit.pipeline.options import PREFERRED_MESHES, ValidationOptions
from renderkit.pipeline.view import examine_view, observe, score_view
from renderkit.pipeline.workers import map_in_order, read_ahead
from renderkit.renderers.base import Renderer
from renderkit.results.kinds import needs_of
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.selection import no_match


@dataclass(frozen=True, eq=False)
class Examined:
    """The row of a view, and what was measured of it for the diagnosis; None where nothing was."""

    row: ViewResult
    part: ViewPart | None = None


_Read: TypeAlias = tuple[ViewKey, FrameContent | Failure, View | Failure]

_ROWS_AT_ONCE = 4
"""Views that a thread takes at once."""

_READ_AHEAD = 2
"""Views whose bytes are read while the last one computes."""


def validate_views(
    capture: Capture, renderer: Renderer, options: ValidationOptions | None = None
) -> Iterator[ViewResult]:
    """Validate a capture and yield a row for each view as soon as it is done.

    A view that cannot be processed becomes a row with a `failure`, and the walk goes on. What a capture does not have
    is "not computable" in its row; what it has but cannot be read is a failure.

    Args:
        capture: The capture.
        renderer: Draws the meshes.
        options: What to validate and how; by default every view, each frame's preferred mesh.

    Yields:
        One row per frame, mesh and camera, in the capture's order.

    Raises:
        ValueError: If the options name a frame or camera that the capture does not have.
        ContextError: If the renderer loses its device.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     options = rk.SynthOptions(num_cameras=2, size=(64, 48), scan_faces=2000)
        ...     truth = rk.synthesize(folder, options)
        ...     with rk.open_capture(truth.capture) as capture, rk.make_renderer("cpu") as renderer:
        ...         [row.failure is None for row in rk.validate_views(capture, renderer)]
        [True, True]
    """
    for one in examine_views(capture, renderer, options or ValidationOptions()):
        yield one.row


def examine_views(
    capture: Capture, renderer: Renderer, options: ValidationOptions, meter: EvidenceMeter | None = None
) -> Iterator[Examined]:
    """Validate a capture as `validate_views` does, and measure beside it what the diagnosis needs of some views.

    Args:
        capture: The capture.
        renderer: Draws the meshes.
        options: What to validate and how.
        meter: Measures what the diagnosis needs; None measures nothing.
    """
    keep_freed_memory()
    contents = FrameContents(capture, needs_of(options.metrics))

    def read() -> Iterator[_Read | ViewResult]:
        for key in list_keys(capture, options):
            if isinstance(key, ViewResult):
                yield key
                continue
            content = contents.of(key)
            yield key, content, content if isinstance(content, Failure) else _read_view(capture, key, options)

    def examine(item: _Read | ViewResult) -> Examined:
        return Examined(item) if isinstance(item, ViewResult) else _examine(*item, renderer, options, meter=meter)

    threads = renderer.threads
    # With threads the caller's own reads while they compute.
    views = read() if threads > 1 else read_ahead(read(), _READ_AHEAD)
    yield from map_in_order(examine, views, threads, batch=_ROWS_AT_ONCE)


def list_keys(capture: Capture, options: ValidationOptions) -> Iterator[ViewKey | ViewResult]:
    """Yield the key of each view, or its failed row where its frame cannot be described.

    Raises:
        ValueError: If the options name a frame or camera that the capture does not have.
    """
    frames = _known(options.frames, capture.frame_ids, "frame")
    cameras = _known(options.cameras, capture.camera_names, "camera")
    for frame_id in frames:
        failure = None
        try:
            names = chosen_meshes(capture.frame(frame_id), options)
        except Exception as error:  # noqa: BLE001 - a bad frame must not abort the run
            names, failure = options.meshes or (NO_MESH,), failure_of(error)
        for name in names:
            for camera in cameras:
                key = ViewKey(capture.path.name, frame_id, camera, name)
                yield key if failure is None else ViewResult(key, failure=failure)


class FrameContents:
    """Reads what the views of a frame share, once for all that follow each other."""

    def __init__(self, capture: Capture, needs: Needs) -> None:
        self._capture = capture
        self._needs = needs
        self._last: tuple[tuple[str, str], FrameContent | Failure] | None = None
        self._buffers = BufferPool()

    def of(self, key: ViewKey) -> FrameContent | Failure:
        """Return the content for a view, or why it cannot be read."""
        which = (key.frame, key.mesh)
        if self._last is None or self._last[0] != which:
            try:
                frame = self._capture.frame(key.frame)
                found = read_shared_content(self._capture, frame, key.mesh, self._needs)
                content: FrameContent | Failure = replace(found, buffers=self._buffers)
            except Exception as error:  # noqa: BLE001 - a bad mesh must not abort the run
                content = failure_of(error)
            self._last = which, content
        return self._last[1]


def examine_key(
    capture: Capture, key: ViewKey, content: FrameContent | Failure, renderer: Renderer, options: ValidationOptions
) -> ViewResult:
    """Return the row of one view.

    Raises:
        ContextError: If the renderer loses its device.
    """
    view = content if isinstance(content, Failure) else _read_view(capture, key, options)
    return _examine(key, content, view, renderer, options).row


def _read_view(capture: Capture, key: ViewKey, options: ValidationOptions) -> View | Failure:
    """Return a view with the bytes that will be decoded in memory, or why there is none."""
    try:
        return capture.view(key.frame, key.camera).fetched(with_image=Needs.PHOTO in needs_of(options.metrics))
    except Exception as error:  # noqa: BLE001 - a bad view must not abort the run
        return failure_of(error)


def _examine(
    key: ViewKey,
    content: FrameContent | Failure,
    view: View | Failure,
    renderer: Renderer,
    options: ValidationOptions,
    *,
    meter: EvidenceMeter | None = None,
) -> Examined:
    if isinstance(content, Failure):
        return Examined(ViewResult(key, failure=content))
    if isinstance(view, Failure):
        return Examined(ViewResult(key, failure=view))
    try:
        if meter is None:
            return Examined(examine_view(key, view, content, renderer, options))
        started = time.perf_counter()
        observation = observe(view, content, options, reduced_to=meter.reduced_to(key, content))
        row = score_view(key, observation, content, renderer, options=options, started=started)
        return Examined(row, meter.part(key, view, content, observation))
    except ContextError:
        raise
    except Exception as error:  # noqa: BLE001 - a bad view must not abort the run
        return Examined(ViewResult(key, failure=failure_of(error)))


def failure_of(error: Exception) -> Failure:
    """Return what a row says of an error."""
    return Failure(type(error).__name__, str(error) or type(error).__name__)


def chosen_meshes(frame: Frame, options: ValidationOptions) -> tuple[str, ...]:
    """Return the names of the meshes of a frame that the options ask for; `NO_MESH` when it has none."""
    if MESH not in options.evidence:
        return (NO_MESH,)
    if options.meshes:
        return options.meshes
    names = frame.mesh_names
    return next(((name,) for name in PREFERRED_MESHES if name in names), names[:1] or (NO_MESH,))


def _known(wanted: Sequence[str] | None, available: Sequence[str], what: str) -> Sequence[str]:
    if wanted is None:
        return available
    unknown = [name for name in wanted if name not in available]
    if unknown:
        raise ValueError(no_match(unknown[0], available, what))
    return wanted
