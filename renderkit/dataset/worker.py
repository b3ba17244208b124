"""What one worker does, wherever it runs: score the views of a unit and store them, or conclude a capture."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

from renderkit.capture import Capture
from renderkit.dataset.conclude import WhichReports, conclude
from renderkit.dataset.identity import input_stamp
from renderkit.dataset.plan import PlannedCapture, Unit
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore
from renderkit.errors import ContextError, DatasetError
from renderkit.pipeline.options import ValidationOptions
from renderkit.pipeline.validate import validate_views
from renderkit.renderers.base import Renderer
from renderkit.renderers.choose import make_renderer
from renderkit.results.rows import ViewResult

_log: Final = logging.getLogger(__name__)

CHANGED: Final = "the input changed while the run was under way: run again to compute it again"
_DEVICES: Final = 2
"""A unit is tried on so many devices, one after the other."""
_GL_ERROR: Final = "GLError"
"""PyOpenGL's error: the device is out of memory or lost, which says nothing of the view."""


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Attributes:
        capture: Which capture; with all its units where it is to be concluded.
        unit: The unit to compute; None concludes the capture.
    """

    capture: PlannedCapture
    unit: Unit | None

    @property
    def name(self) -> str:
        """What to call it in the log."""
        return f"{self.capture.id} {'report' if self.unit is None else f'unit {self.unit.block}'}"


@dataclass(frozen=True)
class Done:
    """What came of a task.

    Attributes:
        task: The task.
        failure: Why it could not be done; "" when it is stored.
        num_views: Views that were scored.
        num_failed: Views that could not be processed.
        worst: For a conclusion: the camera that agrees least, in words; "" when none stands out.
        seconds: Time it took.
        is_fatal: Whether no other task can be done either: no renderer.
    """

    task: Task
    failure: str = ""
    num_views: int = 0
    num_failed: int = 0
    worst: str = ""
    seconds: float = 0.0
    is_fatal: bool = False


class Worker(Protocol):
    """Does tasks one after the other. A context manager; it owns its renderer and open files."""

    def do(self, task: Task) -> Done:
        """Do one task and store its result."""

    def __enter__(self) -> Self:
        """Return the worker."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release what it holds."""


MakeWorker: TypeAlias = Callable[[], Worker]
"""Makes a worker; picklable."""


@dataclass(frozen=True, eq=False)
class CaptureJob:
    """Makes workers that open captures and render."""

    store: RunStore
    settings: DatasetSettings
    reports: WhichReports = "all"
    threads: int | None = 1

    def __call__(self) -> Worker:
        """Return a worker."""
        return CaptureWorker(self)


class CaptureWorker:
    """Scores views and concludes captures; keeps the last capture and the renderer open."""

    def __init__(self, job: CaptureJob) -> None:
        self.job = job
        self._stack = ExitStack()
        self._renderer: Renderer | None = None
        self._opened: tuple[str, Capture, ValidationOptions] | None = None

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release what it holds."""
        self._close_capture()
        self._stack.close()

    def do(self, task: Task) -> Done:
        """Do one task; what goes wrong in it is its result. A device that was lost is made anew once."""
        clock = time.monotonic()
        for _ in range(_DEVICES):
            try:
                done = self._attempt(task)
                break
            except ContextError as error:
                was_made = self._renderer is not None
                self._forget()
                done = Done(task, f"{error.device}: {error.why}", is_fatal=not was_made)
                if done.is_fatal:
                    break
            except Exception as error:  # noqa: BLE001 - a failed unit must not abort the run
                self._forget()
                done = Done(task, f"{type(error).__name__}: {error}")
                break
        return replace(done, seconds=time.monotonic() - clock)

    def _attempt(self, task: Task) -> Done:
        capture, options = self._open(task.capture)
        # What is read has to be what the keys stand for, to the end.
        self._check_inputs(capture, task.capture)
        if task.unit is None:
            return self.conclude(task, capture, options)
        return self._compute(task, task.unit, capture, options)

    def _compute(self, task: Task, unit: Unit, capture: Capture, options: ValidationOptions) -> Done:
        rows = tuple(self._rows(capture, options, unit))
        refused = next((row.failure for row in rows if row.failure is not None and row.failure.type == _GL_ERROR), None)
        if refused is not None:
            raise ContextError(self.renderer().info.device, f"the driver refused to draw: {refused.message}")
        self._check_inputs(capture, task.capture)
        self.job.store.write_part(task.capture, unit, rows)
        return Done(task, num_views=len(rows), num_failed=sum(row.failure is not None for row in rows))

    def _rows(self, capture: Capture, options: ValidationOptions, unit: Unit) -> Iterator[ViewResult]:
        for frames, cameras in unit.views:
            chosen = replace(options, frames=frames, cameras=options.cameras if cameras is None else cameras)
            yield from validate_views(capture, self.renderer(), chosen)

    def conclude(self, task: Task, capture: Capture, _options: ValidationOptions) -> Done:
        """Write what a capture's rows amount to."""
        report = conclude(self.job.store, task.capture, self.job.settings, capture, self.renderer(), self.job.reports)
        worst = report.summary.worst
        told = f"{worst.camera} ({worst.deviation:.0f} deviations)" if worst is not None and worst.stands_out else ""
        return Done(task, worst=told)

    def _open(self, planned: PlannedCapture) -> tuple[Capture, ValidationOptions]:
        if self._opened is None or self._opened[0] != planned.id:
            self._close_capture()
            capture = self.job.settings.open(planned.found.path, planned.found.place)
            try:
                self._opened = planned.id, capture, self.job.settings.options(capture)
            except Exception:
                capture.close()
                raise
        return self._opened[1:]

    @staticmethod
    def _check_inputs(capture: Capture, planned: PlannedCapture) -> None:
        if input_stamp(capture) != planned.stamp:
            raise DatasetError(capture.path, None, CHANGED)

    def renderer(self) -> Renderer:
        """Return the worker's renderer; it is made with the first view.

        Raises:
            ContextError: If there is none.
        """
        if self._renderer is None:
            settings = self.job.settings
            self._renderer = self._stack.enter_context(
                make_renderer(settings.renderer, settings.device, threads=self.job.threads)
            )
            _log.info("renderer: %s", self._renderer.info)
        return self._renderer

    def _close_capture(self) -> None:
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None

    def _forget(self) -> None:
        """Start afresh after an error: files may have changed, a device may be lost."""
        self._close_capture()
        self._stack.close()
        self._renderer = None
