"""summary.md: what a CI job's page shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from renderkit.diagnosis.camera_causes import diagnose_run, outcome_of
from renderkit.metrics.score_kind import Metric
from renderkit.report.limits import limits_section
from renderkit.report.markdown_text import escaped, table
from renderkit.report.writer import Writer
from renderkit.results.cameras import CameraSummary, table_metrics
from renderkit.results.report import GateVerdict, Report

_MOST_ROWS = 20
_MOST_OF_ANSWER = 600
_WORDS = {"pass": "PASS", "fail": "FAIL", "unjudged": "NO GATES", "bad": "NOT USABLE"}


def dump_markdown(report: Report) -> str:
    """Return the summary (GitHub's Markdown): verdict, what stands out, failed gates, the worst cameras, provenance.

    Names from the capture are escaped: they can make neither markup nor links.
    """
    outcome = outcome_of(report)
    lines = [f"## renderkit: {_WORDS[outcome.state]}", "", escaped(outcome.text, _MOST_OF_ANSWER), ""]
    lines += [f"- {escaped(sentence, _MOST_OF_ANSWER)}" for sentence in diagnose_run(report)]
    lines += ["", *_gate_lines(report.gates), *_camera_lines(report), *_provenance_lines(report)]
    return "\n".join(lines).rstrip() + "\n"


def _gate_lines(gates: Sequence[GateVerdict]) -> list[str]:
    bad = [gate for gate in gates if not gate.passed]
    if not bad:
        return []
    # What blocks comes first.
    shown = sorted(bad, key=lambda gate: gate.tolerated)[:_MOST_ROWS]
    rows = [
        [
            escaped(gate.gate),
            escaped(gate.subject),
            escaped(gate.mesh),
            f"{gate.verdict}{', tolerated' if gate.tolerated else ''}",
            escaped(gate.message),
        ]
        for gate in shown
    ]
    more = [f"and {len(bad) - len(shown)} more, all in report.json", ""] if len(bad) > len(shown) else []
    return ["### Gates", "", *table(["gate", "subject", "mesh", "verdict", "numbers"], rows), "", *more]


def _camera_lines(report: Report) -> list[str]:
    summaries = report.summary.cameras
    place = {entry.camera: index for index, entry in enumerate(report.summary.ranked)}
    ordered = sorted(summaries, key=lambda summary: (place.get(summary.camera, -1), summary.mesh))[:_MOST_ROWS]
    if not ordered:
        return []
    metrics = table_metrics(summaries)
    header = ["camera", "mesh", *(metric.title for metric in metrics), "failed views"]
    title = f"### Cameras, the worst {len(ordered)} of {len(summaries)} first"
    return [title, "", *table(header, (_camera_row(summary, metrics) for summary in ordered)), ""]


def _camera_row(summary: CameraSummary, metrics: Sequence[Metric]) -> list[str]:
    values = [metric.text(metric.value(summary.scores)) for metric in metrics]
    return [escaped(summary.camera), escaped(summary.mesh), *values, str(summary.num_failed or "")]


def _provenance_lines(report: Report) -> list[str]:
    provenance = report.provenance
    renderer = f"{provenance.renderer.get('device', 'unknown')}, {provenance.renderer.get('kind', 'unknown')}"
    version = provenance.versions.get("renderkit", "unknown")
    return [
        f"{len(report.camera_names)} cameras, {len(report.frames)} frames, {len(report.rows)} views; "
        f"renderer {escaped(renderer)}; renderkit {escaped(version)}; capture {escaped(provenance.capture)}"
    ]


def _dump(report: Report, folder: Path) -> bytes:
    text = "\n".join([dump_markdown(report), *limits_section(folder)]).rstrip() + "\n"
    return text.encode("utf-8", "backslashreplace")


WRITER: Final = Writer("markdown", "summary.md", _dump)
