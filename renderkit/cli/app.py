"""The typer app: which commands there are."""

from __future__ import annotations

from typing import Annotated

import typer

import renderkit
from renderkit.cli.command_log import with_log_options
from renderkit.cli.compare import compare
from renderkit.cli.convert import convert
from renderkit.cli.demo import demo
from renderkit.cli.diagnose import diagnose
from renderkit.cli.diff import diff
from renderkit.cli.doctor import doctor
from renderkit.cli.drift import drift
from renderkit.cli.export import export_gltf, export_rerun
from renderkit.cli.gate import gate
from renderkit.cli.init import init
from renderkit.cli.inspect import inspect
from renderkit.cli.overlay import overlay
from renderkit.cli.prove import prove
from renderkit.cli.refine import refine
from renderkit.cli.render import render
from renderkit.cli.report import report
from renderkit.cli.store import compact, merge
from renderkit.cli.synth import synth
from renderkit.cli.testkit import testkit
from renderkit.cli.validate import validate

app = typer.Typer(
    name="renderkit",
    help="Validate the calibration of multi-view captures, camera by camera, by rendering a mesh into every camera.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 pass, 1 a gate failed or the rig does not fit, 2 bad input or usage, 3 no renderer.",
)

_AT_ONCE = (gate, compare, init, convert, diff)
"""Commands that are done before anybody would ask what they do."""

for _command in (
    validate, diagnose, prove, refine, drift, gate, report, compare, merge, compact, overlay, render, inspect, init,
    convert, diff, export_rerun, export_gltf, synth, demo, testkit, doctor,
):  # fmt: skip
    app.command()(_command if _command in _AT_ONCE else with_log_options(_command))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"renderkit {renderkit.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Validate the calibration of multi-view captures, camera by camera, by rendering a mesh into every camera."""
