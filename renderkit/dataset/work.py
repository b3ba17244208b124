"""The loop that has a plan done: submit, wait, log, stop when asked to. It knows neither renderers nor engines."""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from renderkit.dataset.engine import Engine
from renderkit.dataset.plan import PlannedCapture
from renderkit.dataset.progress import Progress, ShowProgress
from renderkit.dataset.settings import DatasetSettings
from renderkit.dataset.store import RunStore
from renderkit.dataset.worker import Done, Task
from renderkit.errors import ContextError
from renderkit.system import on_stop_signal

_WORST_SHOWN = 3

_log: Final = logging.getLogger(__name__)


class StopRequest:
    """Whether somebody asked the run to stop: once lets units in flight finish, twice stops at once."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def notice(self, number: int) -> None:
        """Take note of a signal, and say what follows: units can take a while to finish.

        Raises:
            KeyboardInterrupt: The second time.
        """
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        _log.warning("stopping: what is under way is finished and stored first; once more stops at once")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take note of signals while the block runs."""
        with on_stop_signal(self.notice):
            yield


@dataclass(frozen=True, eq=False)
class Work:
    """What is to be done in a run folder.

    Attributes:
        store: The run folder.
        settings: What is asked of every capture.
        captures: The plan.
        show: Called when something is done.
    """

    store: RunStore
    settings: DatasetSettings
    captures: Sequence[PlannedCapture]
    show: ShowProgress | None = None

    def run(self, engine: Engine, stop: StopRequest) -> WorkResult:
        """Do what is missing.

        Raises:
            ContextError: If there is no renderer.
            DatasetError: If the log cannot be written.
            KeyboardInterrupt: If the run was asked twice to stop.
        """
        state = _State(self)
        waiting: deque[Task] = deque()
        source = self._tasks(state)
        in_flight = 0
        while True:
            while stop.signal is None and in_flight < engine.capacity:
                task = waiting.popleft() if waiting else next(source, None)
                if task is None:
                    break
                engine.submit(task)
                in_flight += 1
            if not in_flight:
                break
            done = engine.wait()
            in_flight -= 1
            waiting.extend(state.take(done))
        return WorkResult(state.computed, state.failed_tasks(), stopped_by=stop.signal)

    def _tasks(self, state: _State) -> Iterator[Task]:
        """Yield the units that are missing, capture by capture, and the conclusions that need no unit."""
        for capture in self.captures:
            missing = self.store.missing(capture)
            concluded = not missing and self.store.is_concluded(capture, capture.conclusion_key(self.settings))
            state.expect(capture, len(missing))
            if not missing and not concluded and not capture.failure:
                yield Task(capture, None)
            for unit in missing:
                yield Task(capture, unit)


@dataclass(frozen=True)
class WorkResult:
    """What a walk over the plan came to.

    Attributes:
        computed: Units that were computed.
        failures: By capture, why units or its conclusion could not be done.
        stopped_by: The signal that asked the run to stop; None when it went to its end.
    """

    computed: int
    failures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stopped_by: int | None = None


class _State:
    """What is under way, what is done, what failed."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._left: dict[str, int] = {}
        self._failures: dict[str, list[str]] = defaultdict(list)
        self._failed_views = 0
        self._worst: deque[str] = deque(maxlen=_WORST_SHOWN)
        self._total = sum(one.num_views for one in work.captures)
        self._views_done = self._views_before = 0
        self.computed = 0

    def expect(self, capture: PlannedCapture, num_missing: int) -> None:
        """Take note of a capture whose turn has come."""
        self._left[capture.id] = num_missing
        if capture.units:
            self._views_before += round(capture.num_views * (1 - num_missing / len(capture.units)))
        self._show()

    def take(self, done: Done) -> Iterable[Task]:
        """Take note of a finished task; return what can be done now."""
        task, capture = done.task, done.task.capture
        if done.is_fatal:
            raise ContextError("the workers", done.failure)
        if done.failure:
            self._failures[capture.id].append(f"{task.name}: {done.failure}")
            self._work.store.log(f"FAILED {task.name}: {done.failure}")
        elif task.unit is None:
            self._work.store.log(f"concluded {capture.id} in {done.seconds:.2f} s")
        else:
            self.computed += 1
            self._views_done += done.num_views
            self._work.store.log(f"stored {task.name}: {done.num_views} views in {done.seconds:.2f} s")
        self._failed_views += done.num_failed
        if done.worst:
            self._worst.append(f"{capture.id}: {done.worst}")
            self._work.store.log(f"stands out in {capture.id}: {done.worst}")
        self._show()
        if task.unit is None:
            return ()
        self._left[capture.id] -= 1
        finished = self._left[capture.id] == 0 and capture.id not in self._failures
        return [Task(capture, None)] if finished else ()

    def failed_tasks(self) -> Mapping[str, tuple[str, ...]]:
        """Return why tasks failed, by capture."""
        return {name: tuple(why) for name, why in self._failures.items()}

    def _show(self) -> None:
        if self._work.show is not None:
            failures = self._failed_views + sum(map(len, self._failures.values()))
            done = self._views_before + self._views_done
            self._work.show(Progress(done, self._total, failures, tuple(self._worst), self._views_before))
