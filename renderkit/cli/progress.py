"""Progress: a bar with rate and time left on a terminal, plain lines when piped. Always on stderr."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from renderkit.cli.command_log import is_quiet

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from renderkit.results.rows import ViewResult

_log = logging.getLogger(__name__)
_LINES = 10
"""At most this many lines are printed when piped ..."""

_APART_S = 1.0
"""... at least so many seconds apart, and one at the end."""


class Progress:
    """Shows how many views are done. A context manager; `update` is what `validate` and `synthesize` call."""

    def __init__(self, what: str = "views") -> None:
        """Set up for pieces of work called `what`; a quiet command draws no bar."""
        self._what = what
        self._entered = time.monotonic()
        self._started: float | None = None
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._told = 0
        self._told_at = self._entered

    def __enter__(self) -> Self:
        """Return the progress itself; nothing is shown before the first `update`."""
        return self

    def update(self, done: int, total: int, note: str = "", *, before: int = 0) -> None:
        """Show that `done` of `total` are done, and a note: a bar on a terminal, else ten lines at most.

        Those that were done `before` do not count for the rate.
        """
        now = time.monotonic()
        if self._started is None:
            self._start(now if done == 0 else self._entered, total)
        rate = (done - before) / max(now - (self._started or now), 1e-9)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, rate=f"{rate:.1f} {self._what}/s{note}")
        elif (lines := _LINES * done // max(1, total)) > self._told:
            if now - self._told_at < _APART_S and done < total:
                return
            self._told, self._told_at = lines, now
            if before and done <= before:
                return  # nothing was done yet: there is no rate
            left = (total - done) / rate if rate else 0.0
            known = f" ({before} before)" if before else ""
            _log.info("%d/%d %s%s, %.1f/s, %.0f s left%s", done, total, self._what, known, rate, left, note)

    def _start(self, moment: float, total: int) -> None:
        self._started = moment
        if sys.stderr.isatty() and not is_quiet():
            self._bar = _rich_bar(self._what)
            self._bar.start()
            self._task = self._bar.add_task("validating", total=total, rate="")

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


def complain_of(row: ViewResult) -> bool:
    """Say on stderr why a view has no picture; return whether it has none."""
    problem = row.failure.message if row.failure else next((w for w in row.warnings if "no overlay" in w), None)
    if problem is not None:
        sys.stderr.write(f"frame {row.key.frame} camera {row.key.camera}: {problem}\n")
    return problem is not None
