"""A report as plain text: one row per camera, the worst one named, what is missing counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from renderkit.metrics.score_kind import Metric
from renderkit.notebook import escaped, table_html
from renderkit.results.cameras import CameraSummary, WorstCamera, table_metrics
from renderkit.results.causes import group_causes, list_cameras, not_checked, worst_first
from renderkit.results.explanation import CameraExplanation
from renderkit.results.headline import headline_of, passed_checks
from renderkit.results.kinds import METRICS
from renderkit.wording import counted, printable

if TYPE_CHECKING:
    from renderkit.results.report import Report

_MOST_COLUMNS = 10
_MOST = 10
_MOST_VERDICTS = 50


@dataclass(frozen=True)
class TextTable:
    """A table of cameras as text.

    Attributes:
        headers: Title of each column.
        rows: One cell per column, as text.
        left: By column, whether it is aligned left.
        marked: By row, whether it should catch the eye: the worst camera, or one with failed views.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: tuple[bool, ...]
    marked: tuple[bool, ...]

    def __str__(self) -> str:
        """Return the table in columns, without colours."""
        lines = (self.headers, *self.rows)
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.headers))]
        return "\n".join(
            "  ".join(
                printable(cell).ljust(width) if left else printable(cell).rjust(width)
                for cell, width, left in zip(line, widths, self.left, strict=True)
            ).rstrip()
            for line in lines
        )


def report_text(report: Report) -> str:
    """Return all that `renderkit validate` prints of a report, without colours."""
    tables = [str(table) for table in (camera_table(report), *requested_tables(report))]
    below = [*surface_lines(report), "", *summary_lines(report)]
    above = [*headline_lines(report), *diagnosis_lines(report)]
    return "\n".join([*above, *([""] if above else []), "\n\n".join(tables), *map(printable, below)])


def headline_lines(report: Report) -> list[str]:
    """Return what stands first: the verdict, which camera, how bad, and what to do."""
    headline = headline_of(report)
    parts = (("which camera", headline.who), ("how bad", headline.size), ("what next", headline.next_step))
    lines = [f"{headline.word}: {headline.verdict}", *(f"  {title}: {text}" for title, text in parts if text)]
    return [printable(line) for line in lines]


def diagnosis_lines(report: Report) -> list[str]:
    """Return what follows the headline: whether the rig as a whole fits, then one line per camera that is off."""
    if report.diagnosis is None:
        return []
    lines = [printable(line) for line in report.diagnosis.lines]
    if report.diagnosis.verdict == "fits" and not any(report.summary.computable.values()):
        # No view could be scored: what fits is the calibration with mattes or landmarks.
        lines[0] = lines[0].replace("diagnosis: ", "diagnosis, without the views that failed: ", 1)
    return lines


def report_html(report: Report) -> str:
    """Return the table of cameras as a small piece of HTML, every cell escaped."""
    table = camera_table(report)
    above = "".join(f"<p>{escaped(line)}</p>" for line in diagnosis_lines(report))
    lines = "<br>".join(escaped(line) for line in summary_lines(report))
    return f"{above}{table_html(table.headers, table.rows, bold=table.marked)}<p>{lines}</p>"


def camera_table(report: Report) -> TextTable:
    """Return one row per camera with the headline metrics; the worst camera is marked.

    Where no standard metric has a value, as without a mesh, the first table of what was asked for takes its place.
    """
    return _table(report, metric_tables(report)[0])


def requested_tables(report: Report) -> tuple[TextTable, ...]:
    """Return further tables of what was measured on request; none when nothing was."""
    return tuple(_table(report, metrics) for metrics in metric_tables(report)[1:])


def metric_tables(report: Report) -> list[Sequence[Metric]]:
    """Return the columns of each table of cameras: the standard one, unless it would be empty, and those asked for."""
    standard, asked = table_metrics(report.summary.cameras), _shared_out(report.summary.metrics)
    empty = not any(report.summary.computable.get(metric.name) for metric in standard)
    return [*asked] if asked and empty else [standard, *asked]


def surface_lines(report: Report) -> list[str]:
    """Return one line per frame whose two meshes were compared."""
    return [f"surfaces ({report.provenance.unit}): {surface}" for surface in report.surfaces[:_MOST]]


def _shared_out(asked: Sequence[Metric]) -> list[list[Metric]]:
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


def _table(report: Report, metrics: Sequence[Metric]) -> TextTable:
    worst, summaries = report.summary.worst, worst_first(report)
    several_meshes, several_frames = len(report.meshes) > 1, len(report.frames) > 1
    headers = ["camera", *(["mesh"] if several_meshes else []), *(["frames"] if several_frames else [])]
    left = [True, *([True] if several_meshes else []), *([False] if several_frames else [])]
    rows, marked = [], []
    for summary in summaries:
        cells = [summary.camera, *([summary.mesh] if several_meshes else [])]
        cells += [str(len(summary.rows))] if several_frames else []
        cells += [metric.text(metric.value(summary.scores)) for metric in metrics]
        mark = worst is not None and worst.camera == summary.camera and worst.stands_out
        rows.append((*cells, _note(summary, mark)))
        marked.append(mark or summary.num_failed > 0)
    return TextTable(
        headers=(*headers, *(metric.title for metric in metrics), ""),
        rows=tuple(rows),
        left=(*left, *(False for _ in metrics), True),
        marked=tuple(marked),
    )


def summary_lines(report: Report) -> list[str]:
    """Return the sentences below the table: gates, what failed, the worst camera, causes, what is not computable."""
    lines = [*(verdict_lines(report) if report.gates else []), *failure_lines(report), *_worst_lines(report)]
    lines += _cause_lines(report.explanations)
    lines += _missing_lines(report)
    for name, why in list(report.skipped_cameras.items())[:_MOST]:
        lines.append(f"skipped by the dataset: camera {name}: {why}")
    lines += [f"check: {check}" for check in report.checks]
    return lines + _warning_lines(report)


def input_lines(report: Report) -> list[str]:
    """Return what the inputs allow: what is not computable, what failed, how things are read."""
    return [*_missing_lines(report), *failure_lines(report), *_warning_lines(report)]


def failure_lines(report: Report) -> list[str]:
    """Return the views that failed, those with the same reason in one line, the most first."""
    if not report.failures:
        return []
    groups = [group for group in group_causes(report) if group.kind == "failed"]
    lines = [f"failed: {len(report.failures)} of {counted(len(report.rows), 'view')}"]
    lines += [
        f"  {group.title}: {group.count} ({list_cameras(group.cameras)}; {group.detail})" for group in groups[:_MOST]
    ]
    return (
        [*lines, f"  and {counted(len(groups) - _MOST, 'more reason')}, all in report.json"]
        if len(groups) > _MOST
        else lines
    )


def verdict_lines(report: Report) -> list[str]:
    """Return one line per gate that does not pass, what blocks first, its cameras counted, and a line that counts."""
    groups = [group for group in group_causes(report) if group.kind == "gate"]
    lines = [printable(str(group)) for group in groups[:_MOST_VERDICTS]]
    if len(groups) > _MOST_VERDICTS:
        lines.append(f"and {len(groups) - _MOST_VERDICTS} more that do not pass")
    return [*lines, f"gates: {passed_checks(report)}"]


def _cause_lines(explanations: Sequence[CameraExplanation]) -> list[str]:
    """Return one line per cause; cameras with the same one are counted, the worst is explained."""
    groups: dict[str, list[CameraExplanation]] = {}
    for one in explanations:
        groups.setdefault(one.cause, []).append(one)
    return [
        f"cause: {group[0]}" if len(group) == 1
        else f"cause: {cause}: {list_cameras([one.camera for one in group])}; {group[0]}"
        for cause, group in groups.items()
    ]  # fmt: skip


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
    num_views, num_cameras = len(report.rows), len(report.camera_names)
    return [
        f"not computable: {', '.join(metric.title for metric in gap.metrics)} in "
        f"{gap.views} of {counted(num_views, 'view')}"
        f"{_which(gap.cameras, num_cameras)}: {gap.reason}"
        for gap in not_checked(report)
    ]


def _which(cameras: Sequence[str], num_cameras: int) -> str:
    """Name a few cameras where they are not all."""
    if len(cameras) > min(_MOST, num_cameras - 1):
        return ""
    return f" (camera{'s' if len(cameras) > 1 else ''} {', '.join(cameras)})"


def _warning_lines(report: Report) -> list[str]:
    found = Counter(warning for row in report.rows for warning in row.warnings)
    first = {w: row.key.camera for row in reversed(report.rows) for w in row.warnings}
    lines = [f"warning: camera {first[text]}{_and_more(count - 1)}: {text}" for text, count in found.most_common(_MOST)]
    more = counted(len(found) - _MOST, "more warning")
    return [*lines, f"and {more}, all in report.json"] if len(found) > _MOST else lines


def _and_more(views: int) -> str:
    return f" and {counted(views, 'more view')}" if views else ""
