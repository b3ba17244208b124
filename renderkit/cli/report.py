"""renderkit report: rebuild the formats of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from renderkit.cli.gate_arguments import BaselineOption, ConfigOption, GateOption, read_gates
from renderkit.errors import DatasetError

PdfOption = Annotated[bool, typer.Option("--pdf", help="Print report.html to report.pdf with the system's chromium.")]


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="What to write, such as html; may be repeated; all that need no extra by default.",
            show_default=False,
        ),
    ] = None,
    checks: GateOption = None,
    config: ConfigOption = None,
    baseline: BaselineOption = None,
    pdf: PdfOption = False,
) -> None:
    """Rebuild report.html and the other formats of a finished run; evaluate gates again if given."""
    from renderkit.gates.verdicts import judge
    from renderkit.report.registry import DEFAULT_FORMATS, find_writers
    from renderkit.results.json_report import read_report

    try:
        writers = find_writers(formats or DEFAULT_FORMATS)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if not run.is_dir():
        raise DatasetError(run, None, "expected a run folder with report.json in it")
    found = read_report(run)
    inputs = read_gates(checks, config, baseline)
    found = replace(found, baseline=inputs.baseline)
    if inputs.gates:
        judged = judge(found, inputs.gates, inputs.baseline)
        found = replace(found, gates=judged, provenance=replace(found.provenance, config=inputs.config_text))
    for writer in writers:
        typer.echo(str(writer.write(found, run)))
    if pdf:
        from renderkit.report.html.pdf import print_pdf

        page = run / "report.html"
        if not page.is_file():
            raise DatasetError(page, None, "there is no page to print: leave out --format, or give --format html")
        typer.echo(str(print_pdf(page, run / "report.pdf")))
