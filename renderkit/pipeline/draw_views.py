"""Draws the pictures of chosen views on all cores, after they were scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
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
    shared = renderer.threads > 1
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
                return Drawn(one.row, use(draw_view(Drawing(evidence, one.style, vector_factor), with_tile=True)))
            except ContextError:
                raise
            except Exception as error:  # noqa: BLE001 - a failed picture must not abort the run
                return Drawn(one.row, failure_of(error))

        steps = _steps(capture, None if shared else renderer, options, wanted)
        yield from map_in_order(finish, steps, renderer.threads if shared else usable_cores())


def _steps(
    capture: Capture, renderer: Renderer | None, options: ValidationOptions, wanted: Iterable[WantedPicture]
) -> Iterator[tuple[WantedPicture, _Step]]:
    """Read what pictures need, and render it where that must be done in this thread."""
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
            yield one, job if renderer is None else render_picture(job, renderer, options)
        except ContextError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            yield one, failure_of(error)
