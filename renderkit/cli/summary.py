"""What a run prints: one row per camera, the worst one named, and what is missing."""

from __future__ import annotations

import math
import sys
from collections import Counter
from typing import TYPE_CHECKING

import typer

from renderkit.cli.gate import verdict_lines
from renderkit.results.cameras import CameraSummary, WorstCamera, outlying_metrics, summarise_cameras, worst_camera
from renderkit.results.catalogue import HEADLINE_METRICS, METRICS, Metric, asked_metrics

if TYPE_CHECKING:
    from renderkit.results.rows import Report

_REQUESTED_TABLES = (
    (
        "boundary_iou_2px",
        "boundary_iou_4px",
        "boundary_iou",
        "hd95_px",
        "assd_px",
        "align_dx_px",
        "align_dy_px",
        "align_scale",
        "align_roll_deg",
    ),
    ("heldout_median_px", "heldout_rms_px", "depth_median_m", "depth_p95_m", "depth_bias_m", "psnr_db", "ssim"),
)
_OPTIONAL = {"vertex_containment"}
_MOST = 10
_PIPED_WIDTH = 160


def print_table(report: Report) -> None:
    """Print one row per camera on stdout; the worst camera is marked."""
    summaries = summarise_cameras(report.rows)
    _print_cameras(report, summaries, _shown_metrics(summaries))


def print_requested(report: Report) -> None:
    """Print a second table of the requested metrics, if there are any."""
    summaries = summarise_cameras(report.rows)
    asked = {metric.name for metric in asked_metrics(report.rows)}
    for names in _REQUESTED_TABLES:
        metrics = [METRICS[name] for name in names if name in asked]
        if metrics:
            typer.echo("")
            _print_cameras(report, summaries, metrics)
    for surface in report.surfaces[:_MOST]:
        typer.echo(f"surfaces ({report.provenance.unit}): {surface}")


def _print_cameras(report: Report, summaries: tuple[CameraSummary, ...], metrics: list[Metric]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    worst = worst_camera(report)
    several_meshes, several_frames = len(report.meshes) > 1, len(report.frames) > 1
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("camera", no_wrap=True)
    if several_meshes:
        table.add_column("mesh", no_wrap=True)
    if several_frames:
        table.add_column("frames", justify="right")
    for metric in metrics:
        table.add_column(metric.title, justify="right", no_wrap=True)
    table.add_column("")
    for summary in summaries:
        # Text, not str: a camera's name is data, not markup.
        cells = [Text(summary.camera)]
        cells += [Text(summary.mesh)] if several_meshes else []
        cells += [Text(str(len(summary.rows)))] if several_frames else []
        cells += [Text(metric.text(metric.value(summary.scores))) for metric in metrics]
        mark = worst is not None and worst.camera == summary.camera and worst.stands_out
        cells.append(Text(_note(summary, mark)))
        table.add_row(*cells, style="bold red" if mark or summary.num_failed else None)
    terminal = sys.stdout.isatty()
    Console(width=None if terminal else _PIPED_WIDTH, highlight=False).print(table)


def summary_lines(report: Report) -> list[str]:
    """Return the sentences below the table: worst camera, what is not computable, what failed, what was skipped."""
    lines = _worst_lines(report)
    lines += [f"cause: {one}" for one in report.explanations]
    lines += _missing_lines(report)
    failures = report.failures
    if failures:
        lines.append(f"failed: {len(failures)} of {len(report.rows)} views")
        for row in failures[:_MOST]:
            message = row.failure.message if row.failure else ""
            lines.append(f"  frame {row.key.frame} camera {row.key.camera}: {message}")
        if len(failures) > _MOST:
            lines.append(f"  and {len(failures) - _MOST} more, all in report.json")
    for name, why in list(report.skipped_cameras.items())[:_MOST]:
        lines.append(f"skipped by the dataset: camera {name}: {why}")
    lines += [f"check: {check}" for check in report.checks]
    lines += _warning_lines(report)
    if report.gates:
        lines += verdict_lines(report.gates)
    return lines


def _shown_metrics(summaries: tuple[CameraSummary, ...]) -> list[Metric]:
    return [
        METRICS[name]
        for name in HEADLINE_METRICS
        if name not in _OPTIONAL or any(not math.isnan(METRICS[name].value(s.scores)) for s in summaries)
    ]


def _note(summary: CameraSummary, worst: bool) -> str:
    notes = ["<-- worst"] if worst else []
    if summary.num_failed:
        notes.append(f"{summary.num_failed} of {len(summary.rows)} failed" if len(summary.rows) > 1 else "failed")
    return ", ".join(notes)


def _worst_lines(report: Report) -> list[str]:
    worst = worst_camera(report)
    if worst is None:
        return ["worst camera: none, nothing could be computed"]
    if not worst.stands_out:
        return [f"worst camera: {worst.camera}, {_against(worst)}; no camera stands out"]
    lines = [f"worst camera: {worst.camera}"]
    lines += [f"  {_against(entry)}" for entry in outlying_metrics(report, worst.camera)]
    if worst.runner_up is not None:
        lines.append(
            f"  {worst.deviation:.1f} robust deviations from the rig; next is camera {worst.runner_up} "
            f"with {worst.runner_up_deviation:.1f}"
        )
    return lines


def _against(entry: WorstCamera) -> str:
    metric = METRICS[entry.metric]
    return f"{entry.metric} {metric.text(entry.value)} against the rig's median {metric.text(entry.rig_median)}"


def _missing_lines(report: Report) -> list[str]:
    """Count what is not computable by reason; metrics with the same reason share a line."""
    rows = [row for row in report.rows if row.failure is None]
    titles: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for metric in (METRICS[name] for name in HEADLINE_METRICS if name not in _OPTIONAL):
        found = Counter(reason for row in rows if (reason := metric.missing_reason(row)) is not None)
        for reason, count in found.items():
            titles.setdefault(reason, []).append(metric.title)
            counts[reason] = max(counts[reason], count)
    return [
        f"not computable: {', '.join(names)} in {counts[reason]} of {len(report.rows)} views: {reason}"
        for reason, names in titles.items()
    ]


def _warning_lines(report: Report) -> list[str]:
    found = Counter(warning for row in report.rows for warning in row.warnings)
    first = {w: row.key.camera for row in reversed(report.rows) for w in row.warnings}
    lines = [
        f"warning: camera {first[text]}{f' and {count - 1} more views' if count > 1 else ''}: {text}"
        for text, count in found.most_common(_MOST)
    ]
    return [*lines, f"and {len(found) - _MOST} more warnings, all in report.json"] if len(found) > _MOST else lines
