"""The command line: one file per command, and the one place that turns errors into exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from click.exceptions import Exit

from renderkit.cli.exit_codes import (
    EXIT_BAD_INPUT,
    EXIT_BROKEN_PIPE,
    EXIT_INTERRUPTED,
    EXIT_NO_RENDERER,
    EXIT_PASS,
    EXIT_TERMINATED,
)
from renderkit.errors import ContextError, DatasetError, RenderkitError
from renderkit.system import (
    discard_output,
    end_process,
    environment,
    on_termination,
    search_cycles_seldom,
    set_environment,
)

if TYPE_CHECKING:
    from renderkit.cli.command_log import CommandLog


_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def run_process() -> NoReturn:
    """Run the command line in a process of its own; see `main`."""
    search_cycles_seldom()
    # NumPy's BLAS starts a thread per core when it is imported, and each spins for a while. Runs solve many small
    # systems, in one thread (pipeline.blas).
    if not environment(_BLAS_THREADS):
        set_environment(_BLAS_THREADS, "1")
    code = _run_to_end(None)
    end_process(code)
    sys.exit(code)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its exit code.

    0 pass, 1 a gate failed, 2 bad input or usage, 3 no renderer.

    Args:
        arguments: Command and options; those of the process by default.
    """
    sys.exit(_run_to_end(arguments))


def _run_to_end(arguments: list[str] | None) -> int:
    # Workers and temporary files are cleaned up on the way out, as after Ctrl-C.
    with on_termination(_leave):
        try:
            return _run(arguments)
        except (KeyboardInterrupt, _Terminated) as stopped:
            # While the commands are still being loaded.
            return _stopped(stopped)


def _leave() -> NoReturn:
    raise _Terminated


class _Terminated(BaseException):
    """SIGTERM or SIGHUP came."""


def _run(arguments: list[str] | None) -> int:
    from renderkit.cli.app import app
    from renderkit.cli.command_log import CommandLog
    from renderkit.cli.completion import answer_shell

    answered = answer_shell(app)
    if answered is not None:
        return answered
    with CommandLog() as log:
        return _run_app(app, sys.argv[1:] if arguments is None else arguments, log)


def _run_app(app: click.Command, arguments: list[str], log: CommandLog) -> int:
    try:
        # Not `app.main`, for which Ctrl-C and a broken pipe are exit code 1, which would say that a gate failed.
        with app.make_context(app.name, arguments.copy(), obj=log) as context:
            app.invoke(context)
    except Exit as leave:
        return leave.exit_code
    except (click.ClickException, RenderkitError) as error:
        return _complain(error)
    except (BrokenPipeError, KeyboardInterrupt, _Terminated) as stopped:
        return _stopped(stopped)
    except MemoryError as error:
        sys.stderr.write(f"renderkit: there is not enough memory: {_plain(str(error)) or 'the system gives no more'}\n")
        return EXIT_BAD_INPUT
    except Exception as error:  # noqa: BLE001 - the one broad catch of the command line
        return _unforeseen(error)
    return EXIT_PASS


def _unforeseen(error: Exception) -> int:
    if isinstance(error, OSError) and error.filename is not None:
        # A name that is too long, a folder that may not be searched, a disk that fails: the system says what it is.
        return _complain(DatasetError(Path(os.fsdecode(error.filename)), None, error.strerror or str(error)))
    traceback.print_exception(error)
    sys.stderr.write("This is a fault in renderkit. Please report it with the lines above and the command.\n")
    return EXIT_BAD_INPUT


def _stopped(by: BaseException) -> int:
    """Return the exit code of what ended from outside."""
    if isinstance(by, BrokenPipeError):
        # Python would complain when it flushes the rest.
        discard_output(sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    interrupted = isinstance(by, KeyboardInterrupt)
    sys.stderr.write("interrupted\n" if interrupted else "terminated\n")
    return EXIT_INTERRUPTED if interrupted else EXIT_TERMINATED


def _complain(error: click.ClickException | RenderkitError) -> int:
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    sys.stderr.write(f"renderkit: {_plain(str(error))}\n")
    if isinstance(error, ContextError):
        sys.stderr.write("`renderkit doctor` lists the available renderers and what to install.\n")
        return EXIT_NO_RENDERER
    return EXIT_BAD_INPUT


def _plain(text: str) -> str:
    """Return a message whose parts may come from files: no terminal escapes, no line that a CI server obeys."""
    from renderkit.wording import printable

    return "\n".join(printable(line) for line in text.split("\n"))
