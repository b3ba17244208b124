"""The command line: one file per command, and the one place that turns errors into exit codes."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_INTERRUPTED, EXIT_NO_RENDERER, EXIT_PASS
from renderkit.errors import ContextError, RenderkitError


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its exit code.

    0 pass, 1 a gate failed, 2 bad input or usage, 3 no renderer.

    Args:
        arguments: Command and options; those of the process by default.
    """
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    from renderkit.cli.app import app

    log = logging.getLogger("renderkit.pipeline")
    handler, level = _StderrHandler(), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        return _run_app(app, arguments)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


class _StderrHandler(logging.Handler):
    """Says on stderr what the library logs while it works: the renderer and warnings."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the message alone."""
        sys.stderr.write(f"{record.getMessage()}\n")


def _run_app(app: Callable[[list[str] | None], object], arguments: list[str] | None) -> int:
    try:
        app(arguments)
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else EXIT_PASS
    except RenderkitError as error:
        return _complain(error)
    except BrokenPipeError:
        # The reader of our output has exited; that is not an error.
        sys.stderr.close()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 - the one broad catch of the command line
        traceback.print_exc()
        sys.stderr.write("This is a fault in renderkit. Please report it with the lines above and the command.\n")
        return EXIT_BAD_INPUT
    return EXIT_PASS


def _complain(error: RenderkitError) -> int:
    sys.stderr.write(f"renderkit: {error}\n")
    if isinstance(error, ContextError):
        sys.stderr.write("`renderkit doctor` lists the available renderers and what to install.\n")
        return EXIT_NO_RENDERER
    return EXIT_BAD_INPUT
