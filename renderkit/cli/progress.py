"""Progress: a bar with rate and time left on a terminal, plain lines when piped. Always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_LINES = 10
"""About this many lines are printed when piped."""


class Progress:
    """Counts views as they are done. A context manager."""

    def __init__(self, total: int, what: str = "views") -> None:
        """Set up for `total` pieces of work, called `what`."""
        self._total = total
        self._what = what
        self._done = 0
        self._started = time.monotonic()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Show the bar, on a terminal."""
        self._started = time.monotonic()
        if sys.stderr.isatty():
            self._bar = _rich_bar(self._what)
            self._bar.start()
            self._task = self._bar.add_task("validating", total=self._total, rate="")
        return self

    def advance(self) -> None:
        """Count one more."""
        self._done += 1
        rate = self._done / max(time.monotonic() - self._started, 1e-9)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done, rate=f"{rate:.1f} {self._what}/s")
        elif self._done == self._total or self._done % max(1, self._total // _LINES) == 0:
            left = (self._total - self._done) / rate
            sys.stderr.write(f"{self._done}/{self._total} {self._what}, {rate:.1f}/s, {left:.0f} s left\n")
            sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()


def _rich_bar(what: str) -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True),
        transient=True,
    )
