"""renderkit report: rebuild the formats of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.gate_arguments import BaselineOption, ConfigOption, GateOption, read_gates
from renderkit.errors import DatasetError

if TYPE_CHECKING:
    from renderkit.report.writers import Format


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="json, csv, parquet, junit, markdown or html; may be repeated; all but parquet by default.",
            show_default=False,
        ),
    ] = None,
    checks: GateOption = None,
    config: ConfigOption = None,
    baseline: BaselineOption = None,
) -> None:
    """Rebuild report.html and the other formats of a finished run; evaluate gates again if given."""
    from renderkit.gates.verdicts import judge
    from renderkit.report.writers import DEFAULT_FORMATS, write_formats
    from renderkit.results.json_report import read_report

    chosen = DEFAULT_FORMATS if not formats else tuple(_format(name) for name in formats)
    if not run.is_dir():
        raise DatasetError(run, None, "expected a run folder with report.json in it")
    found = read_report(run)
    inputs = read_gates(checks, config, baseline)
    if inputs.gates:
        found = replace(found, gates=judge(found, inputs.gates, inputs.baseline))
    for path in write_formats(found, run, chosen, inputs.baseline):
        typer.echo(str(path))


def _format(name: str) -> Format:
    from renderkit.report.writers import FORMATS

    found = next((known for known in FORMATS if known == name), None)
    if found is None:
        raise typer.BadParameter(f"no format is called {name!r}; there are: {', '.join(FORMATS)}")
    return found
