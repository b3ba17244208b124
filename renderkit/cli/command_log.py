"""What a command says while it works: on stderr, in a log file, quietly or at length."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import click

from renderkit.cli.command import PATH, together
from renderkit.cli.option_rules import excludes
from renderkit.errors import DatasetError

_TIMED: Final = "%(asctime)s %(levelname)s %(message)s"
_TIME: Final = "%Y-%m-%dT%H:%M:%S%z"
_SPOKEN: Final = ("renderkit.pipeline", "renderkit.cli", "renderkit.compiled")
"""Whose messages are shown unless all are wanted."""


class _StderrHandler(logging.Handler):
    """Says on stderr what the library logs while it works: the renderer, progress and warnings."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the message; where stderr stands now, not where it stood when the handler was made."""
        from renderkit.wording import printable

        # Names from files may be in it: no terminal escapes.
        lines = (printable(line) for line in self.format(record).split("\n"))
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


class CommandLog:
    """The log of one command; a context manager that leaves the library's logger as it was."""

    def __init__(self) -> None:
        """Begin with the usual: progress, the renderer and warnings on stderr, without times."""
        self._log = logging.getLogger("renderkit")
        self._stderr = _StderrHandler()
        self._stderr.addFilter(lambda record: record.name.startswith(_SPOKEN))
        self._handlers: list[logging.Handler] = [self._stderr]
        self._level = self._log.level
        self._new_files: list[Path] = []

    def __enter__(self) -> Self:
        """Listen."""
        self._log.addHandler(self._stderr)
        self._log.setLevel(logging.INFO)
        return self

    def be_quiet(self) -> None:
        """Show only warnings and errors."""
        self._stderr.setLevel(logging.WARNING)

    def be_verbose(self) -> None:
        """Show all that the library logs, with times."""
        self._stderr.filters.clear()
        self._stderr.setFormatter(logging.Formatter(_TIMED, _TIME))
        self._log.setLevel(logging.DEBUG)

    def write_to(self, path: Path) -> None:
        """Add all that the library logs to a file, with times.

        Raises:
            DatasetError: If it cannot be written.
        """
        self._new_files += [] if path.exists() else [path]
        try:
            handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise DatasetError(path, None, f"the log cannot be written: {error}") from error
        handler.setFormatter(logging.Formatter(_TIMED, _TIME))
        self._handlers.append(handler)
        self._log.addHandler(handler)
        self._log.setLevel(logging.DEBUG)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        for handler in self._handlers:
            self._log.removeHandler(handler)
            handler.close()
        self._log.setLevel(self._level)
        # Of a command that was refused there is nothing to say.
        for path in self._new_files:
            if path.is_file() and not path.stat().st_size:
                path.unlink()


def is_quiet() -> bool:
    """Whether the command that runs was asked to be quiet."""
    handlers = logging.getLogger("renderkit").handlers
    return any(isinstance(one, _StderrHandler) and one.level > logging.INFO for one in handlers)


def _be_quiet(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    log = context.find_object(CommandLog)
    if wanted and log is not None:
        log.be_quiet()


def _be_verbose(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    log = context.find_object(CommandLog)
    if wanted and log is not None:
        log.be_verbose()


def _write_to(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    log = context.find_object(CommandLog)
    if path is not None and log is not None:
        log.write_to(path)


log_options = together(
    click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=_be_quiet,
        help="Print only the verdict or result, warnings and errors.",
    ),
    click.option(
        "-v", "--verbose", is_flag=True, expose_value=False, callback=_be_verbose,
        help="Say more on stderr, with times.",
    ),
    click.option(
        "--log-file", metavar="FILE", type=PATH, expose_value=False, callback=_write_to,
        help="Add what is said to a file, with times.",
    ),
    excludes("quiet", "verbose"),
    section="Log",
)  # fmt: skip
"""Of commands that work so long that somebody asks what they do: quiet, verbose, and a log file."""
