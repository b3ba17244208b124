"""The typer app: which commands there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

import renderkit
from renderkit.cli.command_log import with_log_options

COMMANDS: Final[Mapping[str, str]] = {
    "validate": "validate", "diagnose": "diagnose", "prove": "prove", "refine": "refine", "drift": "drift",
    "gate": "gate", "report": "report", "compare": "compare", "merge": "store", "compact": "store",
    "overlay": "overlay", "render": "render", "inspect": "inspect", "init": "init", "convert": "convert",
    "diff": "diff", "export-rerun": "export", "export-gltf": "export", "synth": "synth", "demo": "demo",
    "testkit": "testkit", "doctor": "doctor",
}  # fmt: skip
"""Module of each command, in the order of the help; its function is called as the command."""

_AT_ONCE: Final = frozenset({"gate", "compare", "init", "convert", "diff"})
"""Commands that are done before anybody would ask what they do."""


def make_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the app with the command that is asked for, or with all where none is: each takes milliseconds to make."""
    app = typer.Typer(
        name="renderkit",
        help=_root.__doc__,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit codes: 0 pass, 1 a gate failed or the rig does not fit, 2 bad input or usage, 3 no renderer.",
    )
    app.callback()(_root)
    asked = arguments[:1]
    for name in asked if asked and asked[0] in COMMANDS else COMMANDS:
        command = getattr(import_module(f"renderkit.cli.{COMMANDS[name]}"), name.replace("-", "_"))
        app.command()(command if name in _AT_ONCE else with_log_options(command))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"renderkit {renderkit.__version__}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Validate the calibration of multi-view captures, camera by camera, by rendering a mesh into every camera."""
