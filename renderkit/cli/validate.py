"""renderkit validate: render the mesh into every view of a capture and score it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import Exit

from renderkit.cli.arguments import (
    board_option,
    camera_names_option,
    cameras_option,
    checks_option,
    device_option,
    evidence_option,
    false_alarms_option,
    flame_option,
    frames_option,
    images_option,
    landmarks_option,
    masks_option,
    matte_threshold_option,
    mesh_option,
    mesh_root_option,
    metrics_option,
    min_confidence_option,
    out_option,
    region_option,
    remember,
    remember_option,
    renderer_option,
    rig_option,
    sanity_option,
    size_option,
    undistort_option,
    undistorted_mattes_option,
    workers_option,
)
from renderkit.cli.command import command
from renderkit.cli.command_log import is_quiet, log_options
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.gate_arguments import baseline_option, config_option, gate_option, read_gates
from renderkit.cli.many import captures_argument, hdf5_ahead, is_many, many_options, validate_many
from renderkit.cli.run_place import default_run_folder
from renderkit.cli.tables import json_option, print_table
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.cli.gate_arguments import GateInputs
    from renderkit.formats.folder import CameraNames
    from renderkit.renderers.choose import RendererKind
    from renderkit.results.report import Report
    from renderkit.results.text import TextTable


@command()
@captures_argument
@mesh_option
@masks_option
@landmarks_option
@rig_option
@images_option
@camera_names_option
@size_option
@min_confidence_option
@flame_option
@remember_option
@mesh_root_option
@frames_option
@cameras_option
@undistort_option
@undistorted_mattes_option
@metrics_option
@region_option
@evidence_option
@board_option
@matte_threshold_option
@gate_option
@config_option
@baseline_option
@out_option
@checks_option
@sanity_option
@false_alarms_option
@click.option(
    "--overlays",
    metavar="all|worst|none|N",
    default="worst",
    help="Overlay pictures: of the worst, failed and named cameras and one contact sheet; of N cameras; of all.",
)
@click.option("--no-overlays", is_flag=True, help="The same as --overlays none.")
@renderer_option
@device_option
@workers_option
@json_option
@many_options
@log_options
@click.pass_context
def validate(
    context: click.Context, /, captures: tuple[str, ...], mesh: tuple[str, ...], masks: str | None,
    landmarks: str | None, rig: Path | None, images: str | None, camera_names: CameraNames | None,
    size: tuple[int, int] | None, min_confidence: float | None, flame: Path | None, remember_flame: bool,
    mesh_root: Path | None, frames: str | None, cameras: str | None, undistort: bool, undistorted_mattes: bool,
    metrics: str, region: str | None, evidence: str | None, board: str | None, matte_threshold: float,
    gate: tuple[str, ...], config: Path | None, baseline: Path | None, out: Path | None, checks: bool, sanity: bool,
    false_alarms: float, overlays: str, no_overlays: bool, renderer: RendererKind, device: int | None,
    workers: int | None, as_json: bool,
    **many: Any,  # noqa: ANN401 - options of any type
) -> None:  # fmt: skip
    """Validate a capture: does the mesh agree with the pictures, camera by camera?"""
    context.with_resource(hdf5_ahead(captures))
    if is_many(captures, many):
        raise Exit(validate_many(context.params))
    from renderkit.cli.progress import Progress
    from renderkit.pipeline import run
    from renderkit.pipeline.run_pictures import parse_overlays

    if remember_flame:
        remember(flame)
    capture = Path(captures[0]) if captures else None
    gates = _read_gates(gate, config, baseline, quiet=(quiet := is_quiet()))
    with Progress() as progress, Progress("pictures") as drawing:
        report = run.validate(
            capture, cameras=cameras, frames=frames, mesh=mesh, masks=masks, landmarks=landmarks,
            min_confidence=min_confidence, flame=flame, mesh_root=mesh_root, metrics=metrics, region=region, rig=rig,
            images=images, size=size, camera_names=camera_names, gates=gates.gates, baseline=gates.baseline,
            out=(folder := out or default_run_folder(capture or rig or Path())), renderer=renderer, device=device,
            workers=workers, undistort=undistort, evidence=evidence, undistorted_mattes=undistorted_mattes,
            matte_threshold=matte_threshold, checks=checks, sanity=sanity, false_alarms=false_alarms, board=board,
            progress=progress.update, picture_progress=drawing.update,
            overlays=parse_overlays("none" if no_overlays else overlays), config=gates.config_text, command=_command(),
        )  # fmt: skip
    print_report(report, folder, as_json=as_json, quiet=quiet)
    raise Exit(exit_code(report))


def _read_gates(gate: tuple[str, ...], config: Path | None, baseline: Path | None, *, quiet: bool) -> GateInputs:
    """Read the gates, and say which file they come from."""
    gates = read_gates(gate, config, baseline)
    if gates.config is not None and not quiet:
        click.echo(f"gates: {gates.config}", err=True)
    return gates


def _command() -> str:
    return shlex.join(["renderkit", *sys.argv[1:]])


def exit_code(report: Report) -> int:
    """Return a run's exit code: 1 when a gate failed or the rig as a whole does not fit.

    Without gates, 2 when a view failed or nothing was scored.
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
        click.echo(headline_lines(report)[0])
        return
    for line in (*headline_lines(report), *diagnosis_lines(report)):
        click.echo(line)
    print_cameras(camera_table(report))
    for table in requested_tables(report):
        click.echo("")
        print_cameras(table)
    for line in (*surface_lines(report), "", *summary_lines(report), *_file_lines(report, folder)):
        click.echo(line)


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
