"""renderkit validate: render the mesh into every view of a capture and score it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from renderkit.cli.arguments import (
    board_option,
    capture_inputs,
    checks_option,
    evidence_option,
    false_alarms_option,
    out_option,
    remember,
    remember_option,
    rendering,
    sanity_option,
    scores,
    selection,
    workers_option,
)
from renderkit.cli.command import as_mapping, command, together
from renderkit.cli.command_log import is_quiet, log_options
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.gate_arguments import gate_options, read_gates
from renderkit.cli.many import captures_argument, hdf5_ahead, is_many, many_options, validate_many
from renderkit.cli.option_rules import excludes
from renderkit.cli.run_place import run_folder
from renderkit.cli.tables import json_option, print_table, say
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.cli.gate_arguments import GateInputs
    from renderkit.results.report import Report
    from renderkit.results.text import TextTable


@command()
@captures_argument
@together(capture_inputs, remember_option, section="Inputs")
@selection
@scores
@together(evidence_option, board_option, checks_option, sanity_option, false_alarms_option, section="Diagnosis")
@gate_options
@out_option("DIR", "Output folder; runs/<capture>-<time> by default.")
@click.option(
    "--overlays",
    metavar="all|worst|none|N",
    default="worst",
    help="Overlay pictures: of the worst, failed and named cameras and one contact sheet; of N cameras; of all.",
)
@click.option("--no-overlays", is_flag=True, help="The same as --overlays none.")
@excludes("no_overlays", "overlays")
@json_option
@together(rendering, workers_option, section="Renderer")
@as_mapping("many", many_options)
@log_options
@click.pass_context
def validate(
    context: click.Context,
    /,
    captures: tuple[str, ...],
    remember_flame: bool,
    gate: tuple[str, ...],
    config: Path | None,
    baseline: Path | None,
    out: Path | None,
    overlays: str,
    no_overlays: bool,
    as_json: bool,
    many: Mapping[str, Any],
    **given: Any,  # noqa: ANN401 - options of any type
) -> None:
    """Validate a capture: does the mesh agree with the pictures, camera by camera?"""
    context.with_resource(hdf5_ahead(captures))
    if is_many(captures, many):
        raise Exit(validate_many(context))
    from renderkit.cli.progress import Progress
    from renderkit.pipeline import run
    from renderkit.pipeline.run_pictures import parse_overlays

    if remember_flame:
        remember(given["flame"])
    capture = Path(captures[0]) if captures else None
    gates = _read_gates(gate, config, baseline, quiet=(quiet := is_quiet()))
    folder = context.with_resource(run_folder(out, capture or given["rig"] or Path()))
    with Progress() as progress, Progress("pictures") as drawing:
        report = run.validate(
            capture, **given, gates=gates.gates, baseline=gates.baseline, config=gates.config_text, out=folder,
            overlays=parse_overlays("none" if no_overlays else overlays), command=_command(),
            progress=progress.update, picture_progress=drawing.update,
        )  # fmt: skip
    print_report(report, folder, as_json=as_json, quiet=quiet)
    raise Exit(exit_code(report))


def _read_gates(gate: tuple[str, ...], config: Path | None, baseline: Path | None, *, quiet: bool) -> GateInputs:
    """Read the gates, and say which file they come from."""
    gates = read_gates(gate, config, baseline)
    if gates.config is not None and not quiet:
        say(f"gates: {gates.config}", err=True)
    return gates


def _command() -> str:
    return shlex.join(["renderkit", *sys.argv[1:]])


def exit_code(report: Report) -> int:
    """Return a run's exit code: 1 when a gate failed or the rig as a whole does not fit.

    Without gates, 2 when a view failed, nothing was scored, most mattes say nothing, or landmarks cannot be compared.
    """
    if report.passed:
        return EXIT_PASS
    unfit = report.diagnosis is not None and report.diagnosis.blocks
    return EXIT_GATE_FAILED if report.gates or unfit else EXIT_BAD_INPUT


def print_report(report: Report, folder: Path, *, as_json: bool = False, quiet: bool = False) -> None:
    """Print a finished run: its report.json, or its tables and where its files are, or quietly the verdict alone."""
    from renderkit.results.json_report import dump_report
    from renderkit.results.text import (
        camera_table,
        diagnosis_lines,
        headline_lines,
        requested_tables,
        summary_lines,
        surface_lines,
    )

    if as_json:
        click.echo(dump_report(report), nl=False)
        return
    if quiet:
        say(headline_lines(report)[0])
        return
    for line in (*headline_lines(report), *diagnosis_lines(report)):
        say(line)
    print_cameras(camera_table(report))
    for table in requested_tables(report):
        say("")
        print_cameras(table)
    for line in (*surface_lines(report), "", *summary_lines(report), *_file_lines(report, folder)):
        say(line)


def print_cameras(table: TextTable) -> None:
    """Print a table of cameras; marked rows stand out."""
    print_table(
        table.headers,
        table.rows,
        right=[index for index, left in enumerate(table.left) if not left],
        styles=[["bold red" if marked else ""] * len(table.headers) for marked in table.marked],
    )


def _file_lines(report: Report, folder: Path) -> list[str]:
    """Say where the run's files are."""
    from renderkit.report.registry import DEFAULT_FORMATS, find_writers
    from renderkit.results.run_folder import OVERLAYS

    names = ", ".join(writer.file_name for writer in find_writers(DEFAULT_FORMATS))
    lines = [f"report: {folder}: {names}"]
    drawn = sum(row.overlay is not None for row in report.rows)
    if drawn:
        rest = " (--overlays all draws every view)" if drawn < len(report.rows) - len(report.failures) else ""
        lines.append(f"overlays: {folder / OVERLAYS}: {drawn} of {counted(len(report.rows), 'view')}{rest}")
        lines += [f"contact sheet: {sheet}" for sheet in sorted((folder / OVERLAYS).glob("sheet_*"))[:1]]
    return lines
