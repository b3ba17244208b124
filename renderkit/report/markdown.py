"""summary.md: what a CI job's page shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from renderkit.metrics.score_kind import Metric
from renderkit.report.limits import limits_section
from renderkit.report.markdown_text import escaped, table, worst_heading
from renderkit.report.writer import Writer
from renderkit.results.cameras import CameraSummary
from renderkit.results.causes import group_causes, list_cameras, not_checked, worst_first
from renderkit.results.headline import headline_of
from renderkit.results.report import Report
from renderkit.results.text import metric_tables
from renderkit.wording import counted

_MOST_ROWS = 20
_MOST_OF_ANSWER = 600


def dump_markdown(report: Report) -> str:
    """Return the summary (GitHub's Markdown): verdict, what went wrong by cause, the worst cameras, what is missing.

    Names from the capture are escaped: they can make neither markup nor links.
    """
    headline = headline_of(report)
    lines = [f"## renderkit: {headline.word}", "", escaped(headline.verdict, _MOST_OF_ANSWER), ""]
    lines += [f"- {title}: {escaped(text, _MOST_OF_ANSWER)}" for title, text in headline.answers]
    lines += ["", *_cause_lines(report), *_camera_lines(report), *_gap_lines(report), *_provenance_lines(report)]
    return "\n".join(lines).rstrip() + "\n"


def _cause_lines(report: Report) -> list[str]:
    groups = group_causes(report)
    if not groups:
        return []
    shown = groups[:_MOST_ROWS]
    rows = [
        [escaped(group.title), group.count, escaped(list_cameras(group.cameras) if group.cameras else ""),
         escaped(group.detail)]
        for group in shown
    ]  # fmt: skip
    more = [f"and {len(groups) - len(shown)} more, all in report.json", ""] if len(groups) > len(shown) else []
    return ["### What is wrong", "", *table(["cause", "how many", "cameras", "the worst"], rows), "", *more]


def _gap_lines(report: Report) -> list[str]:
    gaps = not_checked(report)
    lines = [
        f"- {escaped('; '.join(metric.plain for metric in gap.metrics))}: missing in {gap.views} of "
        f"{counted(len(report.rows), 'view')}: {escaped(gap.reason)}"
        for gap in gaps[:_MOST_ROWS]
    ]
    lines += [f"- camera {escaped(name)} was skipped: {escaped(why)}" for name, why in report.skipped_cameras.items()]
    return ["### What was not checked", "", *lines, ""] if lines else []


def _camera_lines(report: Report) -> list[str]:
    summaries = report.summary.cameras
    ordered = worst_first(report)[:_MOST_ROWS]
    if not ordered:
        return []
    lines = [worst_heading("Cameras", len(ordered), len(summaries)), ""]
    for metrics in metric_tables(report):
        header = ["camera", "mesh", *(metric.title for metric in metrics), "failed views"]
        lines += [*table(header, (_camera_row(summary, metrics) for summary in ordered)), ""]
    return lines


def _camera_row(summary: CameraSummary, metrics: Sequence[Metric]) -> list[str]:
    values = [metric.text(metric.value(summary.scores)) for metric in metrics]
    return [escaped(summary.camera), escaped(summary.mesh), *values, str(summary.num_failed or "")]


def _provenance_lines(report: Report) -> list[str]:
    provenance = report.provenance
    renderer = f"{provenance.renderer.get('device', 'unknown')}, {provenance.renderer.get('kind', 'unknown')}"
    version = provenance.versions.get("renderkit", "unknown")
    return [
        f"{counted(len(report.camera_names), 'camera')}, "
        f"{counted(len(report.frames), 'frame')}, {counted(len(report.rows), 'view')}; "
        f"renderer {escaped(renderer)}; renderkit {escaped(version)}; capture {escaped(provenance.capture)}"
    ]


def _dump(report: Report, folder: Path) -> bytes:
    text = "\n".join([dump_markdown(report), *limits_section(folder)]).rstrip() + "\n"
    return text.encode("utf-8", "backslashreplace")


WRITER: Final = Writer("markdown", "summary.md", _dump)
