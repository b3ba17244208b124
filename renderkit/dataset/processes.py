"""Tasks in several processes of this machine: each owns its renderer and files, and ends with this one.

Processes are spawned, never forked: neither open files nor OpenGL contexts nor thread pools survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Final, Self

from renderkit.dataset.worker import Done, MakeWorker, Task
from renderkit.errors import ArgumentError
from renderkit.system import (
    end_with_parent,
    ignore_stop_signals,
    is_of_script,
    script_not_run_again,
    set_environment,
)

_ATTEMPTS: Final = 2
"""So many workers may die over one task before it is given up."""
_SECONDS_TO_END: Final = 10.0


class ProcessEngine:
    """Does tasks in worker processes; one that dies is replaced, and its task tried once more."""

    def __init__(self, make: MakeWorker, num_workers: int) -> None:
        """Set up.

        Args:
            make: Makes a worker, in its own process; picklable.
            num_workers: Number of processes.

        Raises:
            ArgumentError: If there is no worker.
        """
        if num_workers < 1:
            raise ArgumentError(f"workers: expected at least 1, got {num_workers}")
        self._make = make
        self.capacity = num_workers
        self._idle: list[_Process] = []
        self._busy: dict[Connection, tuple[_Process, Task, int]] = {}

    def submit(self, task: Task) -> None:
        """Send a task to an idle worker; a new one is started where none is."""
        self._send(self._idle.pop() if self._idle else _Process(self._make), task, 1)

    def wait(self) -> Done:
        """Return the next task that is done; a worker's death is a failure only after the last attempt."""
        while True:
            ready = wait(list(self._busy))
            pipe = next(iter(pipe for pipe in self._busy if pipe in ready))
            process, task, attempt = self._busy.pop(pipe)
            try:
                done: Done = pipe.recv()
            except (EOFError, OSError):
                code = process.stop(kill=True)
                if attempt < _ATTEMPTS:
                    self._send(_Process(self._make), task, attempt + 1)
                    continue
                return Done(
                    task, f"WorkerDied: the worker process died {attempt} times while working on it, exit code {code}"
                )
            self._idle.append(process)
            return done

    def _send(self, process: _Process, task: Task, attempt: int) -> None:
        # One that died while it was idle is found when its answer is waited for.
        with suppress(OSError):
            process.pipe.send(task)
        self._busy[process.pipe] = process, task, attempt

    def __enter__(self) -> Self:
        """Return the engine; workers start with their first task."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all workers: idle ones may finish, busy ones are killed."""
        for process, _, _ in self._busy.values():
            process.stop(kill=True)
        for process in self._idle:
            process.stop(kill=False)
        self._busy.clear()
        self._idle.clear()


class _Process:
    """One process, and the pipe to it."""

    def __init__(self, make: MakeWorker) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, other_end = spawn.Pipe()
        self._process = spawn.Process(target=_work, args=(make, other_end, os.getpid()), daemon=True)
        with nullcontext() if is_of_script(make) else script_not_run_again():
            self._process.start()
        other_end.close()  # so that the pipe ends when the process does

    def stop(self, *, kill: bool) -> int | None:
        """End the process and return its exit code."""
        with suppress(OSError):  # it may have died already
            self.pipe.send(None)
        if kill:
            self._process.kill()
        self._process.join(_SECONDS_TO_END)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.pipe.close()
        return self._process.exitcode


def _work(make: MakeWorker, pipe: Connection, parent: int) -> None:
    """Do tasks until None comes, or the pipe ends. Runs in the worker's process."""
    end_with_parent(parent)
    ignore_stop_signals()
    # Workers are as many as cores: a thread pool in each would only add to them. Mesa reads this when it is loaded.
    set_environment("LP_NUM_THREADS", "1")
    with make() as worker, suppress(EOFError):
        while (task := pipe.recv()) is not None:
            pipe.send(worker.do(task))
