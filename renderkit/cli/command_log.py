"""What a command says while it works: on stderr, in a log file, quietly or at length."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, Self, get_type_hints

import typer

from renderkit.errors import DatasetError

_TIMED: Final = "%(asctime)s %(levelname)s %(message)s"
_TIME: Final = "%Y-%m-%dT%H:%M:%S%z"
_SPOKEN: Final = ("renderkit.pipeline", "renderkit.cli", "renderkit.compiled")
"""Whose messages are shown unless all are wanted."""


class _StderrHandler(logging.Handler):
    """Says on stderr what the library logs while it works: the renderer, progress and warnings."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the message; where stderr stands now, not where it stood when the handler was made."""
        from renderkit.results.text import printable

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


def _log_of(context: typer.Context) -> CommandLog | None:
    log = context.find_root().obj
    return log if isinstance(log, CommandLog) else None


def is_quiet() -> bool:
    """Whether the command that runs was asked to be quiet."""
    handlers = logging.getLogger("renderkit").handlers
    return any(isinstance(one, _StderrHandler) and one.level > logging.INFO for one in handlers)


def _quiet(context: typer.Context, wanted: bool) -> bool:
    log = _log_of(context)
    if wanted and log is not None:
        log.be_quiet()
    return wanted


def _verbose(context: typer.Context, wanted: bool) -> bool:
    log = _log_of(context)
    if wanted and log is not None:
        log.be_verbose()
    return wanted


def _log_file(context: typer.Context, path: Path | None) -> Path | None:
    log = _log_of(context)
    if path is not None and log is not None:
        log.write_to(path)
    return path


def _log_options(
    *,
    _quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", callback=_quiet, help="Print only the verdict or result, warnings and errors."),
    ] = False,
    _verbose: Annotated[
        bool, typer.Option("--verbose", "-v", callback=_verbose, help="Say more on stderr, with times.")
    ] = False,
    _log_file: Annotated[
        Path | None,
        typer.Option(
            "--log-file", metavar="FILE", callback=_log_file, help="Add what is said to a file, with times.",
            show_default=False,
        ),
    ] = None,
) -> None:  # fmt: skip
    """Hold the options; `with_log_options` adds them to a command."""


def with_log_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that can be quiet or verbose and can write a log file."""
    own, added = inspect.signature(command), inspect.signature(_log_options).parameters

    @functools.wraps(command)
    def logged(**given: Any) -> None:  # noqa: ANN401 - options of any type
        # The options' callbacks have done their work.
        command(**{name: value for name, value in given.items() if name not in added})

    rest = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own.parameters.values()]
    hints = get_type_hints(command, include_extras=True) | get_type_hints(_log_options, include_extras=True)
    parameters = [one.replace(annotation=hints[one.name]) for one in (*rest, *added.values())]
    logged.__dict__["__signature__"] = own.replace(parameters=parameters)
    logged.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    return logged
