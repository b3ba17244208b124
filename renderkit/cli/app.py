"""The typer app: which commands there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

import renderkit
from renderkit.cli.command_log import with_log_options

COMMANDS: Final[Mapping[str, str]] = {
    "validate": "validate:validate",
    "diagnose": "diagnose:diagnose",
    "prove": "prove:prove",
    "refine": "refine:refine",
    "drift": "drift:drift",
    "gate": "gate:gate",
    "report": "report:report",
    "compare": "compare:compare",
    "merge": "store:merge",
    "compact": "store:compact",
    "overlay": "overlay:overlay",
    "render": "render:render",
    "inspect": "inspect:inspect",
    "init": "init:init",
    "convert": "convert:convert",
    "diff": "diff:diff",
    "export-rerun": "export:export_rerun",
    "export-gltf": "export:export_gltf",
    "synth": "synth:synth",
    "demo": "demo:demo",
    "testkit": "testkit:testkit",
    "doctor": "doctor:doctor",
}
"""MODULE:FUNCTION of each command, in the order of the help. A new one is a module and a line here."""

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
        module, _, function = COMMANDS[name].partition(":")
        command = getattr(import_module(f"renderkit.cli.{module}"), function)
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
