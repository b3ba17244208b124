"""renderkit validate: render the mesh into every view of a capture and score it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli.arguments import (
    BoardOption,
    CameraNamesOption,
    CamerasOption,
    CaptureArgument,
    ChecksOption,
    DeviceOption,
    EvidenceOption,
    FalseAlarmsOption,
    FlameOption,
    FramesOption,
    ImagesOption,
    LandmarksOption,
    MasksOption,
    MeshOption,
    MeshRootOption,
    MetricsOption,
    MinConfidenceOption,
    OutOption,
    RegionOption,
    RememberOption,
    RendererChoice,
    RendererOption,
    RigOption,
    SanityOption,
    SizeOption,
    ThresholdOption,
    UndistortedMattesOption,
    UndistortOption,
    WorkersOption,
    parse_camera_names,
    parse_size,
    remember,
)
from renderkit.cli.command_log import is_quiet
from renderkit.cli.exit_codes import EXIT_BAD_INPUT, EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.gate_arguments import BaselineOption, ConfigOption, GateOption, read_gates
from renderkit.cli.many import also_many
from renderkit.cli.run_place import default_run_folder
from renderkit.cli.tables import JsonOption, print_table
from renderkit.wording import counted

if TYPE_CHECKING:
    from renderkit.cli.gate_arguments import GateInputs
    from renderkit.results.report import Report
    from renderkit.results.text import TextTable

OverlaysOption = Annotated[
    str,
    typer.Option(
        "--overlays",
        metavar="all|worst|none|N",
        help="Overlay pictures: of the worst, failed and named cameras and one contact sheet; of N cameras; of all.",
    ),
]
NoOverlaysOption = Annotated[bool, typer.Option("--no-overlays", help="The same as --overlays none.")]


@also_many
def validate(
    capture: CaptureArgument = None,
    mesh: MeshOption = None,
    masks: MasksOption = None,
    landmarks: LandmarksOption = None,
    rig: RigOption = None,
    images: ImagesOption = None,
    camera_names: CameraNamesOption = None,
    size: SizeOption = None,
    min_confidence: MinConfidenceOption = None,
    flame: FlameOption = None,
    remember_flame: RememberOption = False,
    mesh_root: MeshRootOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    undistort: UndistortOption = False,
    undistorted_mattes: UndistortedMattesOption = False,
    metrics: MetricsOption = "standard",
    region: RegionOption = None,
    evidence: EvidenceOption = None,
    board: BoardOption = None,
    matte_threshold: ThresholdOption = 0.5,
    gate: GateOption = None,
    config: ConfigOption = None,
    baseline: BaselineOption = None,
    out: OutOption = None,
    checks: ChecksOption = True,
    sanity: SanityOption = True,
    false_alarms: FalseAlarmsOption = 0.01,
    overlays: OverlaysOption = "worst",
    no_overlays: NoOverlaysOption = False,
    renderer: RendererOption = RendererChoice.AUTO,
    device: DeviceOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Validate a capture: does the mesh agree with the pictures, camera by camera?"""
    from renderkit.cli.progress import Progress
    from renderkit.pipeline import run
    from renderkit.pipeline.run_pictures import parse_overlays

    if remember_flame:
        remember(flame)
    gates = _read_gates(gate, config, baseline, quiet=(quiet := is_quiet()))
    with Progress() as progress, Progress("pictures") as drawing:
        report = run.validate(
            capture, cameras=cameras, frames=frames, mesh=mesh, masks=masks, landmarks=landmarks,
            min_confidence=min_confidence, flame=flame, mesh_root=mesh_root, metrics=metrics, region=region, rig=rig,
            images=images, size=parse_size(size), camera_names=parse_camera_names(camera_names), gates=gates.gates,
            baseline=gates.baseline, out=(folder := out or default_run_folder(capture or rig or Path())),
            renderer=renderer.value, device=device, workers=workers, undistort=undistort, evidence=evidence,
            undistorted_mattes=undistorted_mattes, matte_threshold=matte_threshold, checks=checks, sanity=sanity,
            false_alarms=false_alarms, board=board, progress=progress.update, picture_progress=drawing.update,
            overlays=parse_overlays("none" if no_overlays else overlays), config=gates.config_text, command=_command(),
        )  # fmt: skip
    print_report(report, folder, as_json=as_json, quiet=quiet)
    raise typer.Exit(exit_code(report))


def _read_gates(gate: list[str] | None, config: Path | None, baseline: Path | None, *, quiet: bool) -> GateInputs:
    """Read the gates, and say which file they come from."""
    gates = read_gates(gate, config, baseline)
    if gates.config is not None and not quiet:
        typer.echo(f"gates: {gates.config}", err=True)
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
        typer.echo(dump_report(report), nl=False)
        return
    if quiet:
        typer.echo(headline_lines(report)[0])
        return
    for line in (*headline_lines(report), *diagnosis_lines(report)):
        typer.echo(line)
    print_cameras(camera_table(report))
    for table in requested_tables(report):
        typer.echo("")
        print_cameras(table)
    for line in (*surface_lines(report), "", *summary_lines(report), *_file_lines(report, folder)):
        typer.echo(line)


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
