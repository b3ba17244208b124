"""Where tasks are done: the protocol of engines, and the one that works in this process."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from types import TracebackType
from typing import Protocol, Self

from renderkit.dataset.worker import Done, MakeWorker, Task


class Engine(Protocol):
    """Does tasks somewhere. A context manager: whoever leaves it leaves no worker behind."""

    @property
    def capacity(self) -> int:
        """How many tasks are worth having under way."""

    def submit(self, task: Task) -> None:
        """Have a task done."""

    def wait(self) -> Done:
        """Return a task that is done, whichever comes first; one is under way."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all workers; what they were doing is lost after an error."""


class SerialEngine:
    """Does one task after the other in this process."""

    capacity = 1

    def __init__(self, make: MakeWorker) -> None:
        """Set up.

        Args:
            make: Makes the worker.
        """
        self._worker = make()
        self._waiting: deque[Task] = deque()
        self._stack = ExitStack()

    def submit(self, task: Task) -> None:
        """Keep a task until it is waited for."""
        self._waiting.append(task)

    def wait(self) -> Done:
        """Do the first task that waits."""
        return self._worker.do(self._waiting.popleft())

    def __enter__(self) -> Self:
        """Start."""
        self._stack.enter_context(self._worker)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release what the worker holds."""
        self._stack.close()
