"""The walk of `validate_views` over worker processes, for renderers that draw one view at a time: software OpenGL.

Every worker opens the capture and makes its renderer itself, because neither open files nor OpenGL contexts survive on
the way to another process. Rows come in order, a bounded number of views is under way, and a worker that dies costs the
view that killed it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext, suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self, TypeAlias

from renderkit.capture import Capture
from renderkit.pipeline.evidence_meter import EvidenceMeter
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import Examined, FrameContents, examine_key, examine_views, list_keys
from renderkit.pipeline.workers import map_in_order
from renderkit.renderers.base import Renderer
from renderkit.renderers.choose import make_renderer
from renderkit.results.kinds import needs_of
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.system import end_with_parent, is_of_script, script_not_run_again, set_environment, usable_cores

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MakeRenderer: TypeAlias = Callable[[], Renderer]

_ATTEMPTS = 2
"""So many workers may die over one view before it is given up."""


def examine_with_workers(
    capture: Capture,
    renderer: Renderer,
    options: ValidationOptions | None = None,
    *,
    num_workers: int | None = None,
    meter: EvidenceMeter | None = None,
) -> Iterator[Examined]:
    """Validate with as many workers as are worth having: processes for software OpenGL, else threads or one thread.

    Args:
        capture: The capture.
        renderer: Draws the meshes; with processes, what each of them makes for itself.
        options: What to validate and how.
        num_workers: Views worked on at once; by default as many as the process may use cores.
        meter: Measures what the diagnosis needs of some views; in processes nothing is measured.

    Yields:
        One row per frame, mesh and camera, in the capture's order, the same whatever does the work.
    """
    num_workers = num_workers or usable_cores()
    info = renderer.info
    if info.kind == "egl" and not info.hardware and num_workers > 1:
        make = partial(make_renderer, "egl", info.device_index)
        return map(Examined, validate_in_processes(capture, make, options, num_workers=num_workers))
    return examine_views(capture, renderer, options or ValidationOptions(), meter)


def validate_in_processes(
    capture: Capture,
    make: MakeRenderer,
    options: ValidationOptions | None = None,
    *,
    num_workers: int,
) -> Iterator[ViewResult]:
    """Validate a capture as `validate_views` does, in several processes.

    Args:
        capture: The capture; it must be picklable, and each worker opens it anew.
        make: Makes a worker's renderer; picklable.
        options: What to validate and how.
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
    with _Workers(_Job(capture, make, options), num_workers) as workers:
        yield from map_in_order(workers.examine, list_keys(capture, options), num_workers)


class _Job:
    """What one worker does; sent to it once, when it starts.

    Attributes:
        is_of_script: Whether a class or function of the program's own script is in it, which the worker needs.
    """

    def __init__(self, capture: Capture, make: MakeRenderer, options: ValidationOptions) -> None:
        self._capture = capture
        self._make = make
        self._options = options
        self._contents = FrameContents(capture, needs_of(options.metrics))
        self.is_of_script = is_of_script((capture, make))

    def work(self, pipe: Connection, parent: int) -> None:
        """Examine views until None comes; an error goes back in place of a result. Runs in the worker's process."""
        end_with_parent(parent)
        # Two single-threaded rasterisers beat one with two threads; Mesa reads this when it is loaded.
        set_environment("LP_NUM_THREADS", "1")
        with ExitStack() as stack:
            renderer: Renderer | None = None
            while (key := pipe.recv()) is not None:
                try:
                    if renderer is None:
                        renderer = stack.enter_context(self._make())
                    answer: ViewResult | Exception = self._examine(key, renderer)
                except Exception as error:  # noqa: BLE001 - raised again in the calling process
                    answer = error
                pipe.send(answer)

    def _examine(self, key: ViewKey, renderer: Renderer) -> ViewResult:
        content = self._contents.of(key)
        return examine_key(self._capture, key, content, renderer, self._options)


class _Worker:
    """One process, and the pipe to it."""

    def __init__(self, job: _Job) -> None:
        import multiprocessing  # noqa: PLC0415 - most runs have threads

        spawn = multiprocessing.get_context("spawn")
        self._pipe, other_end = spawn.Pipe()
        self._process = spawn.Process(target=job.work, args=(other_end, os.getpid()), daemon=True)
        with nullcontext() if job.is_of_script else script_not_run_again():
            self._process.start()
        other_end.close()  # so that the pipe ends when the process does

    def ask(self, key: ViewKey) -> ViewResult | Exception | None:
        """Have one view examined; returns the error if there was one, and None if the process dies over it."""
        try:
            self._pipe.send(key)
            answer: ViewResult | Exception = self._pipe.recv()
        except (OSError, EOFError):
            return None
        return answer

    def stop(self) -> int | None:
        """Let the process end and return its exit code."""
        with suppress(OSError):  # it may have died already
            self._pipe.send(None)
        self._process.join()
        self._pipe.close()
        return self._process.exitcode


class _Workers:
    """Processes that are replaced when they die. A context manager; `examine` may be called from several threads."""

    def __init__(self, job: _Job, num_workers: int) -> None:
        self._job = job
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(num_workers):
            self._idle.put(_Worker(job))

    def examine(self, key: ViewKey | ViewResult) -> ViewResult:
        """Have one view examined by an idle worker; a second one is tried when the first dies over it."""
        if isinstance(key, ViewResult):
            return key
        worker = self._idle.get()
        exit_code = None
        try:
            for _ in range(_ATTEMPTS):
                answer = worker.ask(key)
                if isinstance(answer, Exception):
                    raise answer
                if answer is not None:
                    return answer
                exit_code = worker.stop()
                worker = _Worker(self._job)
        finally:
            self._idle.put(worker)
        return ViewResult(key, failure=Failure("WorkerDied", f"the worker process died, exit code {exit_code}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        while not self._idle.empty():
            self._idle.get().stop()
