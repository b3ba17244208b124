"""renderkit validate: render the mesh into every view of a capture and score it."""

from __future__ import annotations

import math
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderkit.cli import EXIT_BAD_INPUT, EXIT_GATE_FAILED, EXIT_PASS
from renderkit.cli.arguments import (
    CamerasOption,
    CaptureArgument,
    CaptureInputs,
    ChecksOption,
    DeviceOption,
    FlameOption,
    FramesOption,
    LandmarksOption,
    MasksOption,
    MeshOption,
    MeshRootOption,
    MetricsOption,
    OutOption,
    RegionOption,
    RememberOption,
    RendererChoice,
    RendererOption,
    ThresholdOption,
    UndistortedMattesOption,
    UndistortOption,
    WorkersOption,
    make_options,
    open_renderer,
    remember,
)
from renderkit.cli.gate_arguments import (
    BaselineOption,
    ConfigOption,
    GateInputs,
    GateOption,
    check_measured,
    read_gates,
)

if TYPE_CHECKING:
    from renderkit.capture import Capture
    from renderkit.pictures.pictures import RunPictures
    from renderkit.pipeline.options import ValidationOptions
    from renderkit.render.base import Renderer
    from renderkit.results.capture_check import CaptureCheck
    from renderkit.results.evidence import ViewEvidence
    from renderkit.results.rows import Report, ViewResult


def validate(
    capture: CaptureArgument,
    mesh: MeshOption = None,
    masks: MasksOption = None,
    landmarks: LandmarksOption = None,
    flame: FlameOption = None,
    remember_flame: RememberOption = False,
    mesh_root: MeshRootOption = None,
    frames: FramesOption = None,
    cameras: CamerasOption = None,
    undistort: UndistortOption = False,
    undistorted_mattes: UndistortedMattesOption = False,
    metrics: MetricsOption = "standard",
    region: RegionOption = None,
    matte_threshold: ThresholdOption = 0.5,
    gate: GateOption = None,
    config: ConfigOption = None,
    baseline: BaselineOption = None,
    out: OutOption = None,
    checks: ChecksOption = True,
    overlays: Annotated[bool, typer.Option("--overlays/--no-overlays", help="Write overlay pictures.")] = True,
    renderer: RendererOption = RendererChoice.AUTO,
    device: DeviceOption = None,
    workers: WorkersOption = None,
) -> None:
    """Validate a capture: compare the rendered mesh with the pictures, camera by camera."""
    if remember_flame:
        remember(flame)
    from renderkit.gates.cameras import check_cameras
    from renderkit.selection import natural_sorted

    inputs = CaptureInputs(capture, tuple(mesh or ()), masks, landmarks, flame, mesh_root)
    gates = read_gates(gate, config, baseline)
    with inputs.open() as opened:
        options = make_options(
            opened, inputs, frames, cameras, matte_threshold, undistort, undistorted_mattes, metrics, region
        )
        check_measured(gates.gates, options.metrics)
        check_cameras(gates.gates, natural_sorted({*opened.camera_names, *(c.name for c in opened.skipped_cameras)}))
        run = RunRequest(
            inputs, options, out or default_run_folder(capture), overlays, renderer, device, checks, workers
        )
        report = run_validation(opened, run, gates)
    raise typer.Exit(exit_code(report))


@dataclass(frozen=True)
class RunRequest:
    """One run.

    Attributes:
        inputs: What is opened.
        options: What is validated.
        folder: The run folder.
        overlays: Whether to write pictures.
        renderer: The renderer to use.
        device: EGL device, or None.
        checks: Whether the capture's conventions are checked first.
        workers: Views processed in parallel; None is one per core.
    """

    inputs: CaptureInputs
    options: ValidationOptions
    folder: Path
    overlays: bool
    renderer: RendererChoice
    device: int | None
    checks: bool = True
    workers: int | None = None


def run_validation(capture: Capture, run: RunRequest, gates: GateInputs | None = None) -> Report:
    """Validate, write the run folder, print the table; without `gates`, there are no verdicts.

    Raises:
        ContextError: If no renderer is available.
        DatasetError: If the run folder cannot be written.
    """
    from renderkit.gates.verdicts import judge
    from renderkit.pictures.pictures import RunPictures
    from renderkit.pipeline.explain import explain_cameras
    from renderkit.report.writers import write_formats
    from renderkit.results.provenance import hash_inputs, package_versions
    from renderkit.results.rows import Provenance, Report
    from renderkit.results.run_folder import OVERLAYS, make_run_folder

    started, clock = datetime.now(UTC), time.monotonic()
    folder = make_run_folder(run.folder)
    pictures = RunPictures(folder, subfolder=OVERLAYS, page=True) if run.overlays else None
    with open_renderer(run.renderer, run.device, run.workers) as renderer:
        info = renderer.info
        sys.stderr.write(f"renderer: {info.device} ({info.kind}, {'hardware' if info.hardware else 'software'})\n")
        checks = _check(capture, renderer, run)
        rows = _walk(capture, renderer, run, pictures)
        explanations = explain_cameras(capture, renderer, run.options, Report(tuple(rows)))
    provenance = Provenance(
        shlex.join(["renderkit", *sys.argv[1:]]),
        str(run.inputs.capture),
        capture.dataset,
        capture.unit,
        package_versions(),
        {"kind": info.kind, "device": info.device, "version": info.version, "hardware": str(info.hardware).lower()},
        run.options.as_text(),
        hash_inputs(run.inputs.files),
    )
    skipped = {camera.name: camera.why for camera in capture.skipped_cameras}
    report = Report(
        tuple(rows), skipped, (), provenance, started.isoformat(timespec="seconds"), time.monotonic() - clock, checks
    )
    report = replace(_with_requested(capture, run, report), explanations=explanations)
    gates = gates or GateInputs()
    report = replace(report, gates=judge(report, gates.gates, gates.baseline))
    _write_scene(capture, report, folder)
    paths = write_formats(report, folder, baseline=gates.baseline)
    _print_run(report, paths, pictures)
    return report


def default_run_folder(capture: Path) -> Path:
    """Return runs/<capture>-<time>."""
    from renderkit.results.run_folder import safe_name

    return Path("runs") / f"{safe_name(capture.absolute().name)}-{datetime.now().strftime('%Y%m%d-%H%M%S')}"


def exit_code(report: Report) -> int:
    """Return the exit code of a run.

    If there are gates, they decide. Without gates a failed view is bad input, and so is a run in which nothing could
    be computed.
    """
    from renderkit.results.catalogue import METRICS

    if report.gates:
        return EXIT_PASS if not any(gate.blocks for gate in report.gates) else EXIT_GATE_FAILED
    computed = any(
        not math.isnan(metric.value(row.scores))
        for row in report.rows
        for metric in METRICS.values()
        if metric.unit != "count"
    )
    return EXIT_BAD_INPUT if report.failures or not computed else EXIT_PASS


def _check(capture: Capture, renderer: Renderer, run: RunRequest) -> tuple[CaptureCheck, ...]:
    """Check the capture's conventions and print warnings; the summary lists all checks."""
    from renderkit.pipeline.checks import check_capture

    checks = check_capture(capture, renderer, run.options) if run.checks else ()
    for check in checks:
        if check.verdict == "warning":
            sys.stderr.write(f"{check}\n")
    return checks


def _with_requested(capture: Capture, run: RunRequest, report: Report) -> Report:
    """Add what is measured over frames instead of views."""
    from renderkit.pipeline.surfaces import compare_surfaces

    groups = run.options.metrics
    surfaces = tuple(compare_surfaces(capture, run.options, run.folder)) if "depth" in groups else ()
    return replace(report, surfaces=surfaces, with_intervals="intervals" in groups)


def _walk(capture: Capture, renderer: Renderer, run: RunRequest, pictures: RunPictures | None) -> list[ViewResult]:
    from renderkit.cli.progress import Progress
    from renderkit.pictures.heat import write_depth_heat
    from renderkit.pipeline.process_engine import validate_with_workers

    options = run.options

    def draw(evidence: ViewEvidence) -> str | None:
        write_depth_heat(evidence, run.folder)
        return None if pictures is None else pictures.draw(evidence)

    num_frames = len(capture.frame_ids if options.frames is None else options.frames)
    num_cameras = len(capture.camera_names if options.cameras is None else options.cameras)
    rows = []
    with Progress(num_frames * num_cameras * max(1, len(options.meshes))) as progress:
        drawing = None if pictures is None else draw
        for row in validate_with_workers(capture, renderer, options, drawing, run.workers, run.device):
            rows.append(row)
            progress.advance()
            if pictures is not None:
                pictures.add(row)
    if pictures is not None:
        pictures.finish()
    return rows


def _write_scene(capture: Capture, report: Report, folder: Path) -> None:
    from renderkit.pipeline.capture_scene import read_meshes_of, read_rig_of
    from renderkit.results.run_scene import write_run_scene

    meshes = read_meshes_of(capture, report.frames, report.meshes)
    write_run_scene(folder, read_rig_of(capture, report.cameras), meshes)


def _print_run(report: Report, paths: Sequence[Path], pictures: RunPictures | None) -> None:
    from renderkit.cli.summary import print_requested, print_table, summary_lines
    from renderkit.results.run_folder import OVERLAYS

    print_table(report)
    print_requested(report)
    typer.echo("")
    for line in summary_lines(report):
        typer.echo(line)
    folder = paths[0].parent
    typer.echo(f"report: {folder}: {', '.join(path.name for path in paths)}")
    if pictures is not None:
        typer.echo(f"overlays: {folder / OVERLAYS}")
        typer.echo(f"contact sheet: {folder / pictures.sheets[0]}")
