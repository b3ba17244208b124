"""What a run prints: one row per camera, the worst one named, what is missing counted."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from renderkit.cli.gate import verdict_lines
from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import CameraSummary, WorstCamera, table_metrics
from renderkit.results.kinds import METRICS

if TYPE_CHECKING:
    from renderkit.results.report import Report

_MOST_COLUMNS = 10
_MOST = 10
_PIPED_WIDTH = 160


def print_table(report: Report) -> None:
    """Print one row per camera on stdout; the worst camera is marked."""
    _print_cameras(report, table_metrics(report.summary.cameras))


def print_requested(report: Report) -> None:
    """Print a second table of what was measured on request; nothing when nothing was."""
    for metrics in _requested_tables(report.summary.metrics):
        typer.echo("")
        _print_cameras(report, metrics)
    for surface in report.surfaces[:_MOST]:
        typer.echo(f"surfaces ({report.provenance.unit}): {surface}")


def _requested_tables(asked: Sequence[Metric]) -> list[list[Metric]]:
    """Share the columns that were asked for out among tables of at most ten, a group in one table."""
    tables: list[list[Metric]] = []
    columns = [metric for metric in asked if metric.column and metric.on_request]
    for group in dict.fromkeys(metric.group for metric in columns):
        members = [metric for metric in columns if metric.group == group]
        if tables and len(tables[-1]) + len(members) <= _MOST_COLUMNS:
            tables[-1] += members
        else:
            tables.append(members)
    return tables


def _print_cameras(report: Report, metrics: Sequence[Metric]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    worst, summaries = report.summary.worst, report.summary.cameras
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


def _note(summary: CameraSummary, worst: bool) -> str:
    notes = ["<-- worst"] if worst else []
    if summary.num_failed:
        notes.append(f"{summary.num_failed} of {len(summary.rows)} failed" if len(summary.rows) > 1 else "failed")
    return ", ".join(notes)


def _worst_lines(report: Report) -> list[str]:
    worst = report.summary.worst
    if worst is None:
        return ["worst camera: none, nothing could be computed"]
    if not worst.stands_out:
        return [f"worst camera: {worst.camera}, {_against(worst)}; no camera stands out"]
    lines = [f"worst camera: {worst.camera}"]
    lines += [f"  {_against(entry)}" for entry in report.summary.outlying_metrics(worst.camera)]
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
    for metric in table_metrics(()):
        found = Counter(reason for row in rows if (reason := row.missing_reason(metric)) is not None)
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
