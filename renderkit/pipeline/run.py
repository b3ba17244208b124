"""The main function: open a capture, check it, render, score, explain, judge, and write the run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from renderkit.arguments import (
    PathLike,
    Selection,
    as_callable,
    as_count,
    as_flag,
    as_path,
)
from renderkit.capture import Capture
from renderkit.errors import ArgumentError
from renderkit.geometry.mesh import Mesh
from renderkit.metrics.score_kind import STANDARD
from renderkit.pipeline.blas import one_blas_thread
from renderkit.pipeline.capture_run import Advance, CaptureRun
from renderkit.pipeline.capture_scene import read_meshes_of, read_rig_of
from renderkit.pipeline.inputs import CaptureInputs, make_options
from renderkit.pipeline.options import DEFAULT_MATTE_THRESHOLD, ValidationOptions
from renderkit.pipeline.run_pictures import Overlays, parse_overlays
from renderkit.renderers.base import Renderer, RendererInfo
from renderkit.renderers.choose import RendererKind, as_renderer, make_renderer
from renderkit.report.registry import WRITERS, write_formats
from renderkit.results.diagnosis import ALPHA
from renderkit.results.json_report import read_report
from renderkit.results.provenance import hash_inputs, package_versions
from renderkit.results.report import Provenance, Report
from renderkit.results.rows import ViewResult
from renderkit.results.run_scene import write_run_scene
from renderkit.results.run_takeover import begin_run, check_run_folder, end_run
from renderkit.selection import natural_sorted

if TYPE_CHECKING:
    from renderkit.boards.board import Board
    from renderkit.formats.folder import CameraNames
    from renderkit.gates.gate import Gate
    from renderkit.pipeline.region_choice import RegionChoice


@one_blas_thread
def validate(
    capture: PathLike | Capture | None = None,
    *,
    cameras: Selection | None = None,
    frames: Selection | None = None,
    mesh: PathLike | Mesh | Sequence[PathLike | Mesh] | None = None,
    masks: PathLike | None = None,
    landmarks: PathLike | None = None,
    min_confidence: float | None = None,
    flame: PathLike | None = None,
    mesh_root: PathLike | None = None,
    rig: PathLike | None = None,
    images: PathLike | None = None,
    camera_names: CameraNames | None = None,
    size: tuple[int, int] | None = None,
    metrics: str | Iterable[str] = STANDARD,
    region: PathLike | RegionChoice | None = None,
    gates: str | Gate | Iterable[str | Gate] = (),
    baseline: PathLike | Report | None = None,
    out: PathLike | None = None,
    renderer: RendererKind | Renderer | None = None,
    device: int | None = None,
    workers: int | None = None,
    undistort: bool = False,
    undistorted_mattes: bool = False,
    matte_threshold: float = DEFAULT_MATTE_THRESHOLD,
    evidence: str | Iterable[str] | None = None,
    board: PathLike | Board | None = None,
    checks: bool = True,
    sanity: bool = True,
    false_alarms: float = ALPHA,
    overlays: Overlays | bool = "worst",
    progress: Advance | None = None,
    picture_progress: Advance | None = None,
    command: str = "",
    config: str = "",
) -> Report:
    """Validate a capture: does the mesh agree with the pictures, camera by camera?

    Renders the mesh into every chosen view, scores it, checks the capture's conventions, names likely causes for the
    cameras that stand out, judges the gates and, with `out`, writes the run folder. The command `renderkit validate`
    calls this function.

    Args:
        capture: A capture's file or folder, or an opened capture, which stays open; with `rig` and `images` the folder
            that patterns start from, the working folder by default.
        cameras: Selection such as "18,25-32", or names and numbers as a list; all by default.
        frames: Selection such as "3,7" or "0:10:2", or a list; all by default.
        mesh: Name of one of the capture's meshes ("scan", "flame"), a mesh file, a mesh, or several of them; each
            frame's preferred mesh by default.
        masks: Folder of mattes, `<camera>.png` or `<frame>/<camera>.png`, or a pattern of them.
        landmarks: Landmarks file or folder, in any of the layouts of docs/formats.md.
        min_confidence: Landmarks whose confidence is not above this count as not detected; 0 by default, or what a
            capture.toml says.
        flame: File with FLAME's faces; the remembered one by default.
        mesh_root: Folder of FaceScape's released models.
        rig: Camera file of any format, in place of the cameras of a capture that has its own; see `open_capture`.
        images: Pattern of the photographs, such as "images/{frame}/{camera}.jpg"; see `open_capture`.
        camera_names: The cameras' names in file paths, by those of the rig or all in its order.
        size: (width, height) in px for camera files that state none.
        metrics: "standard", "full", or groups of metrics beside the standard ones.
        region: Where masks are compared: "face", "background-edge", "mesh", "image", a polygon or a picture file.
        gates: Gates such as "reprojection_rms_px <= 1.5 px", one or several.
        baseline: Run folder or report that gates compare with.
        out: Run folder to write; nothing is written by default.
        renderer: "auto", "egl", "cpu", or a renderer, which stays open; "auto" by default.
        device: EGL device, where `renderer` is not a renderer.
        workers: Views worked on at once; all cores by default.
        undistort: Undistort pictures and mattes instead of rendering with distortion.
        undistorted_mattes: The mattes belong to undistorted pictures already.
        matte_threshold: Alpha in (0, 1] from which a matte counts as inside.
        evidence: What the rig is judged by: a list of "mesh", "points", "mattes"; by default the mesh, or without one
            what the views have. See docs/guide/no-mesh.md.
        board: The calibration board that the photographs show: a spec such as "charuco:11x8:0.020:0.015:DICT_5X5", or a
            file; see docs/guide/boards.md.
        checks: Whether the capture's conventions are checked in a few views first.
        sanity: Whether the rig as a whole is diagnosed; a run of a rig that does not fit does not pass.
        false_alarms: Probability that the diagnosis names a camera of a rig without fault.
        overlays: Which views get a picture in the run folder: "worst" (of the worst, failed and named cameras the
            worst frame each, and one contact sheet), a number of worst cameras, "all" or "none".
        progress: Called with the number of views done, 0 first, and their total.
        picture_progress: Likewise for pictures, which are drawn when all views are scored.
        command: What the report states as its command; this call's capture by default.
        config: What the report states as the file that gates came from.

    Returns:
        The report: rows per view, summaries, diagnosis, verdicts, provenance.

    Raises:
        ArgumentError: If a selection or option is not valid for this capture; a ValueError as well.
        GateError: If a gate cannot be read, or asks for what is not measured.
        DatasetError: If an input is missing or damaged, or the run folder cannot be written or holds something else
            than an earlier run of this capture, which is replaced.
        ContextError: If there is no renderer.

    Example:
        >>> import tempfile
        >>> import renderkit as rk
        >>> options = rk.SynthOptions(num_cameras=4, size=(96, 80), scan_faces=2000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     truth = rk.synthesize(folder, options)
        ...     report = rk.validate(truth.capture, renderer="cpu", gates=["iou >= 0.5"], checks=False)
        >>> len(report.rows), report.passed, report.diagnosis.verdict
        (4, True, 'fits')
    """
    started, clock = datetime.now(UTC), time.monotonic()
    _check_given(workers, {"checks": checks, "sanity": sanity}, progress=progress, picture_progress=picture_progress)
    folder, asked, compared = _as_folder(out), _read_gates(gates), _read_baseline(baseline)
    inputs = CaptureInputs.of(
        capture, mesh, masks=masks, landmarks=landmarks, flame=flame, mesh_root=mesh_root, rig=rig, images=images,
        min_confidence=min_confidence, camera_names=camera_names, size=size,
    )  # fmt: skip
    with inputs.opened(capture) as opened:
        options = make_options(
            opened, inputs.mesh_names, frames=frames, cameras=cameras, board=board, evidence=evidence, metrics=metrics,
            matte_threshold=matte_threshold, undistort=undistort, undistorted_mattes=undistorted_mattes, region=region,
            false_alarms=false_alarms,
        )  # fmt: skip
        which = _check(asked, opened, options, compared, overlays, folder)
        with _renderer(renderer, device, workers) as drawing:
            folder = None if folder is None else _begin(folder, opened)
            run = CaptureRun(opened, options, drawing, folder=folder, workers=workers, progress=progress)
            report = run.report(asked, compared, which, picture_progress, checks=checks, sanity=sanity)
        report = replace(
            report, provenance=replace(_provenance(opened, inputs, options, drawing.info, command), config=config),
            started=started.isoformat(timespec="seconds"), seconds=time.monotonic() - clock,
        )  # fmt: skip
        return _written(report, opened, folder)


def _check_given(workers: int | None, flags: Mapping[str, bool], **calls: Advance | None) -> None:
    if workers is not None:
        as_count("workers", workers, 1)
    for name, flag in flags.items():
        as_flag(name, flag)
    for name, call in calls.items():
        if call is not None:
            as_callable(name, call)


def _as_folder(out: PathLike | None) -> Path | None:
    return None if out is None else as_path("out", out)


def _read_gates(gates: str | Gate | Iterable[str | Gate]) -> tuple[Gate, ...]:
    if gates == ():
        return ()
    from renderkit.gates.language import parse_gates  # noqa: PLC0415 - most runs have no gate

    return parse_gates(gates)


def _read_baseline(baseline: PathLike | Report | None) -> Report | None:
    if baseline is None or isinstance(baseline, Report):
        return baseline
    return read_report(as_path("baseline", baseline, ", or a report"))


def report_scored(
    opened: Capture,
    inputs: CaptureInputs,
    options: ValidationOptions,
    renderer: Renderer,
    rows: tuple[ViewResult, ...],
    *,
    gates: Sequence[Gate] = (),
    baseline: Report | None = None,
    checks: bool = True,
    sanity: bool = True,
    out: Callable[[Report], Path | None] = lambda _: None,
) -> Report:
    """Return what `validate` would of a capture whose views are scored already.

    Args:
        opened: The capture.
        inputs: What it was opened with.
        options: What was scored and how.
        renderer: For checks, explanations, diagnosis and pictures.
        rows: One per view.
        gates: What is checked.
        baseline: The run that gates compare with.
        checks: Whether the capture's conventions are checked.
        sanity: Whether the rig as a whole is diagnosed.
        out: Says, given the report, into which run folder it is written; None writes none. Times are left out: the same
            rows give the same files, byte for byte.

    Raises:
        GateError: If a gate asks for what is not measured.
        DatasetError: If the run folder cannot be written.
        ContextError: If the renderer loses its device.
    """
    which = _check(gates, opened, options, baseline, "worst")
    run = CaptureRun(opened, options, renderer, folder=None, workers=1, progress=None, scored=rows)
    report = run.judge(run.score(checks=checks, sanity=sanity), gates, baseline, sanity=sanity)
    report = replace(report, provenance=_provenance(opened, inputs, options, renderer.info, ""))
    folder = out(report)
    if folder is not None:
        report = replace(run, folder=_begin(folder, opened)).draw(report, which)
    return _written(report, opened, folder)


def _check(
    gates: Sequence[Gate],
    capture: Capture,
    options: ValidationOptions,
    baseline: Report | None,
    overlays: Overlays | bool,
    folder: Path | None = None,
) -> Overlays:
    """Refuse gates that cannot be judged, pictures that cannot be chosen and a folder of others, before any work."""
    if gates:
        from renderkit.gates.cameras import check_cameras  # noqa: PLC0415 - most runs have no gate
        from renderkit.gates.gate import check_baseline, check_measured  # noqa: PLC0415 - as above

        check_baseline(gates, has_baseline=baseline is not None)
        check_measured(gates, (*options.metrics, *options.evidence))
        check_cameras(gates, natural_sorted({*capture.camera_names, *(one.name for one in capture.skipped_cameras)}))
    which = parse_overlays(overlays)
    if folder is not None:
        check_run_folder(folder, capture.path.name)
    return which


def _renderer(
    renderer: RendererKind | Renderer | None, device: int | None, workers: int | None
) -> AbstractContextManager[Renderer]:
    if renderer is None or isinstance(renderer, str):
        return make_renderer(renderer or "auto", device, threads=workers)
    if device is not None:
        raise ArgumentError(f"device {device}: the renderer that was given has its device already")
    return nullcontext(as_renderer(renderer))


def _provenance(
    capture: Capture, inputs: CaptureInputs, options: ValidationOptions, info: RendererInfo, command: str
) -> Provenance:
    return Provenance(
        command=command or f"renderkit.validate({str(inputs.capture or capture.path)!r}, ...)",
        capture=str(inputs.capture or capture.path),
        dataset=capture.dataset,
        unit=capture.unit,
        versions=package_versions(),
        renderer={
            "kind": info.kind,
            "device": info.device,
            "version": info.version,
            "hardware": str(info.hardware).lower(),
        },
        options=options.as_text(),
        inputs=hash_inputs(capture.files_read),
    )


def _begin(folder: Path, capture: Capture) -> Path:
    return begin_run(folder, capture.path.name, (writer.file_name for writer in WRITERS.values()))


def _written(report: Report, capture: Capture, folder: Path | None) -> Report:
    """Write the run folder, where there is one, and return the report."""
    if folder is None:
        return report
    meshes = read_meshes_of(capture, report.frames, report.meshes)
    write_run_scene(folder, read_rig_of(capture, report.camera_names), meshes)
    write_formats(report, folder)
    end_run(folder)
    return report
