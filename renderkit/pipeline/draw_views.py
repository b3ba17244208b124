"""Draws the pictures of chosen views on all cores, after they were scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from renderkit.capture import Capture
from renderkit.errors import ContextError
from renderkit.metrics.score_kind import Needs
from renderkit.pictures.layers.layer import Drawing
from renderkit.pictures.layers.registry import find_layers
from renderkit.pictures.overlay import DrawnView, draw_view
from renderkit.pictures.style import OverlayStyle
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.picture_evidence import PictureJob, RenderedPicture, gather_picture, render_picture
from renderkit.pipeline.validate import FrameContents, failure_of
from renderkit.pipeline.workers import map_in_order
from renderkit.renderers.base import Renderer
from renderkit.renderers.cpu import CpuRenderer
from renderkit.results.kinds import needs_of
from renderkit.results.rows import Failure, ViewResult
from renderkit.system import usable_cores

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class WantedPicture:
    """A view to draw.

    Attributes:
        row: Its scores; not of a failed view.
        style: How it should look.
        with_masks: Whether the masks at full size are wanted in the evidence.
    """

    row: ViewResult
    style: OverlayStyle
    with_masks: bool = False


@dataclass(frozen=True, eq=False)
class Drawn(Generic[T]):
    """What became of a picture: what `use` returned, or why there is none."""

    row: ViewResult
    result: T | Failure


_Step: TypeAlias = PictureJob | RenderedPicture | Failure


def draw_views(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions,
    wanted: Iterable[WantedPicture],
    use: Callable[[DrawnView], T],
    *,
    vector_factor: int = 1,
) -> Iterator[Drawn[T]]:
    """Draw views and hand each picture to `use`, in worker threads; results come in order.

    Args:
        capture: The capture that was scored.
        renderer: Renders the meshes; one with a single thread does that in the calling thread.
        options: As they were scored.
        wanted: What to draw; views of one frame together, so that its mesh is read once.
        use: Encodes and writes a picture, in a worker thread.
        vector_factor: By how much error vectors are longer than they are.

    Yields:
        One result per picture.

    Raises:
        ContextError: If the renderer loses its device.
    """
    with _finisher(renderer, options, use, vector_factor) as finish:
        yield from map_in_order(finish, _steps(capture, renderer, options, wanted), _num_threads(renderer))


@contextmanager
def begin_views(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions,
    wanted: Sequence[WantedPicture],
    use: Callable[[DrawnView], T],
    *,
    vector_factor: int = 1,
) -> Iterator[Sequence[Future[Drawn[T]]]]:
    """Draw a few views in worker threads while the block runs; see `draw_views`.

    All that they need is read first, in this thread. What is under way when the block ends is finished; an exception
    stops what has not begun.

    Yields:
        One result per picture.

    Raises:
        ContextError: If the renderer loses its device; also by a result.
    """
    with _finisher(renderer, options, use, vector_factor) as finish, ThreadPoolExecutor(_num_threads(renderer)) as pool:
        drawn = [pool.submit(finish, step) for step in _steps(capture, renderer, options, wanted)]
        try:
            yield drawn
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _num_threads(renderer: Renderer) -> int:
    return renderer.threads if renderer.threads > 1 else usable_cores()


@contextmanager
def _finisher(
    renderer: Renderer, options: ValidationOptions, use: Callable[[DrawnView], T], factor: int
) -> Iterator[Callable[[tuple[WantedPicture, _Step]], Drawn[T]]]:
    """Give a function that makes a picture of what was read, in any thread."""
    with ExitStack() as stack:
        tracer = renderer if isinstance(renderer, CpuRenderer) else stack.enter_context(CpuRenderer(1))

        def finish(item: tuple[WantedPicture, _Step]) -> Drawn[T]:
            one, step = item
            try:
                if isinstance(step, PictureJob):
                    step = render_picture(step, renderer, options)
                if isinstance(step, Failure):
                    return Drawn(one.row, step)
                evidence = gather_picture(step, tracer, options)
                return Drawn(one.row, use(draw_view(Drawing(evidence, one.style, factor), with_tile=True)))
            except ContextError:
                raise
            except Exception as error:  # noqa: BLE001 - a failed picture must not abort the run
                return Drawn(one.row, failure_of(error))

        yield finish


def _steps(
    capture: Capture, renderer: Renderer, options: ValidationOptions, wanted: Iterable[WantedPicture]
) -> Iterator[tuple[WantedPicture, _Step]]:
    """Read what pictures need, and render it where that must be done in this thread."""
    shared = renderer.threads > 1
    contents: dict[bool, FrameContents] = {}
    for one in wanted:
        key = one.row.key
        unlit = any(layer.unlit for layer in find_layers(one.style.layers))
        if unlit not in contents:
            needs = needs_of(options.metrics) & Needs.OTHER_MESH
            contents[unlit] = FrameContents(capture, needs | Needs.TEXTURED_MESH if unlit else needs)
        content = contents[unlit].of(key)
        if isinstance(content, Failure):
            yield one, content
            continue
        try:
            view = capture.view(key.frame, key.camera).fetched(with_image=True)
            job = PictureJob(one.row, view, content, one.style, with_masks=one.with_masks, unit=capture.unit)
            yield one, job if shared else render_picture(job, renderer, options)
        except ContextError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            yield one, failure_of(error)
