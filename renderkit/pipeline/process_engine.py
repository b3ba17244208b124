"""The walk of `validate` over worker processes, for renderers that draw one view at a time: software OpenGL.

Every worker opens the capture and makes its renderer itself, because neither open files nor OpenGL contexts survive on
the way to another process. Rows come in order, a bounded number of views is under way, and a worker that dies costs the
view that killed it.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Self, TypeAlias

from renderkit.capture import Capture
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import (
    Draw,
    FrameContents,
    examine_key,
    list_keys,
    validate,
    with_picture,
)
from renderkit.render.base import Renderer
from renderkit.render.choose import make_renderer
from renderkit.results.evidence import ViewEvidence
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.system import set_environment, usable_cores

MakeRenderer: TypeAlias = Callable[[], Renderer]
Found: TypeAlias = ViewResult | ViewEvidence

_AHEAD = 1
"""Views waiting beside those being worked on."""


def validate_with_workers(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions | None = None,
    draw: Draw | None = None,
    num_workers: int | None = None,
    device: int | None = None,
) -> Iterator[ViewResult]:
    """Validate with as many workers as are worth having: processes for software OpenGL, else threads or one thread.

    Args:
        capture: The capture.
        renderer: Draws the meshes; with processes, what each of them makes for itself.
        options: What to validate and how.
        draw: See `validate`.
        num_workers: Views worked on at once; by default as many as the process may use cores.
        device: EGL device of the workers.

    Yields:
        One row per frame, mesh and camera, in the capture's order, the same whatever does the work.
    """
    num_workers = num_workers or usable_cores()
    if renderer.info.kind == "egl" and not renderer.info.hardware and num_workers > 1:
        make = partial(make_renderer, "egl", device)
        return validate_in_processes(capture, make, options, draw, num_workers=num_workers)
    return validate(capture, renderer, options, draw)


def validate_in_processes(
    capture: Capture,
    make: MakeRenderer,
    options: ValidationOptions | None = None,
    draw: Draw | None = None,
    *,
    num_workers: int,
) -> Iterator[ViewResult]:
    """Validate a capture as `validate` does, in several processes.

    Args:
        capture: The capture; it must be picklable, and each worker opens it anew.
        make: Makes a worker's renderer; picklable.
        options: What to validate and how.
        draw: Called in this process, with what a worker sends back.
        num_workers: Number of processes.

    Yields:
        One row per frame, mesh and camera, in the capture's order.

    Raises:
        ValueError: If the options name what the capture does not have, or there is no worker.
        ContextError: If a worker's renderer cannot be made or loses its device.
    """
    if num_workers < 1:
        raise ValueError(f"num_workers: expected at least 1, got {num_workers}")
    options = options or ValidationOptions()
    with _Workers(_Job(capture, make, options, draw is not None), num_workers) as workers:
        for key in list_keys(capture, options):
            if isinstance(key, ViewResult):
                workers.add_done(key)
            else:
                workers.add(key)
            if workers.num_waiting >= num_workers + _AHEAD:
                yield with_picture(workers.take(), draw)
        while workers.num_waiting:
            yield with_picture(workers.take(), draw)


class _Job:
    """What one worker does; sent to it once, when it starts."""

    def __init__(self, capture: Capture, make: MakeRenderer, options: ValidationOptions, keep_evidence: bool) -> None:
        self.capture = capture
        self.options = options
        self.keep_evidence = keep_evidence
        self._make = make
        self._renderer: Renderer | None = None
        self._contents = FrameContents(capture, options)

    def examine(self, key: ViewKey) -> Found:
        """Examine one view; the renderer is made at the first, so that its error comes back as any other."""
        if self._renderer is None:
            self._renderer = self._make()
        content = self._contents.of(key)
        return examine_key(self.capture, key, content, self._renderer, self.options, keep_evidence=self.keep_evidence)


class _Workers:
    """A pool of processes that is made anew when one of them dies."""

    def __init__(self, job: _Job, num_workers: int) -> None:
        self._job = job
        self._num_workers = num_workers
        self._waiting: deque[tuple[ViewKey, Future[Found]]] = deque()
        self._pool = self._start()

    @property
    def num_waiting(self) -> int:
        """Views that were added and not yet taken."""
        return len(self._waiting)

    def add(self, key: ViewKey) -> None:
        """Start on a view."""
        try:
            future = self._pool.submit(_examine_in_worker, key)
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        self._waiting.append((key, future))

    def add_done(self, row: ViewResult) -> None:
        """Put a row that needs no work in its place."""
        future: Future[Found] = Future()
        future.set_result(row)
        self._waiting.append((row.key, future))

    def take(self) -> Found:
        """Return the oldest view's result."""
        key, future = self._waiting.popleft()
        try:
            return future.result()
        except BrokenProcessPool:
            return self._after_death(key)

    def _after_death(self, key: ViewKey) -> Found:
        """Work on a view alone: if its worker dies again it was this view; then go on with the others."""
        self._restart()
        try:
            found = self._pool.submit(_examine_in_worker, key).result()
        except BrokenProcessPool as error:
            self._restart()
            found = ViewResult(key, failure=Failure(type(error).__name__, f"the worker process died: {error}"))
        unfinished, self._waiting = self._waiting, deque()
        for other, future in unfinished:
            if future.done() and future.exception() is None:
                self._waiting.append((other, future))
            else:
                self.add(other)
        return found

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._num_workers, spawn, initializer=_start_worker, initargs=(self._job,))

    def _restart(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


_worker: list[_Job] = []
"""The job of this process, when it is a worker."""


def _start_worker(job: _Job) -> None:
    # Two single-threaded rasterisers beat one with two threads; Mesa reads this when it is loaded.
    set_environment("LP_NUM_THREADS", "1")
    _worker[:] = [job]


def _examine_in_worker(key: ViewKey) -> Found:
    return _worker[0].examine(key)
