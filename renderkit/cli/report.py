"""renderkit report: rebuild the formats of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from renderkit.cli.command import PATH, argument, command
from renderkit.cli.command_log import log_options
from renderkit.cli.gate_arguments import gate_options, read_gates
from renderkit.cli.tables import say
from renderkit.errors import DatasetError


@command()
@argument("run", "RUN", "A run folder.", type=PATH)
@click.option(
    "--format",
    "formats",
    metavar="NAME",
    multiple=True,
    help="What to write, such as html; may be repeated; all that need no extra by default.",
)
@gate_options
@click.option("--pdf", is_flag=True, help="Print report.html to report.pdf with the system's chromium.")
@log_options
def report(
    run: Path, formats: tuple[str, ...], gate: tuple[str, ...], config: Path | None, baseline: Path | None, pdf: bool
) -> None:
    """Rebuild report.html and the other formats of a finished run; evaluate gates again if given."""
    from renderkit.gates.verdicts import judge
    from renderkit.report.registry import DEFAULT_FORMATS, find_writers
    from renderkit.results.json_report import read_report

    try:
        writers = find_writers(formats or DEFAULT_FORMATS)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not run.is_dir():
        raise DatasetError(run, None, "expected a run folder with report.json in it")
    found = read_report(run)
    inputs = read_gates(gate, config, baseline)
    found = replace(found, baseline=inputs.baseline)
    if inputs.gates:
        judged = judge(found, inputs.gates, inputs.baseline)
        found = replace(found, gates=judged, provenance=replace(found.provenance, config=inputs.config_text))
    for writer in writers:
        say(str(writer.write(found, run)))
    if pdf:
        from renderkit.report.html.pdf import print_pdf
        from renderkit.results.run_folder import PDF

        page = run / "report.html"
        if not page.is_file():
            raise DatasetError(page, None, "there is no page to print: leave out --format, or give --format html")
        say(str(print_pdf(page, run / PDF)))
