"""summary.md: what a CI job's page shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from renderkit.diagnose.camera_causes import diagnose_run, outcome_of
from renderkit.results.cameras import CameraSummary, rank_cameras, summarise_cameras
from renderkit.results.catalogue import METRICS
from renderkit.results.rows import GateVerdict, Report
from renderkit.writing import write_text

FILE_NAME: Final = "summary.md"
_MOST_ROWS = 20
_MOST_CHARACTERS = 200
_COLUMNS = ("iou", "containment", "boundary_f_2px", "reprojection_median_px", "reprojection_rms_px", "landmarks_used")
_WORDS = {"pass": "PASS", "fail": "FAIL", "unjudged": "NO GATES", "bad": "NOT USABLE"}


def write_markdown(report: Report, folder: Path) -> Path:
    """Write summary.md into a run folder and return its path.

    Raises:
        DatasetError: If it cannot be written.
    """
    return write_text(folder / FILE_NAME, dump_markdown(report), errors="backslashreplace")


def dump_markdown(report: Report) -> str:
    """Return the summary (GitHub's Markdown): verdict, what stands out, failed gates, the worst cameras, provenance.

    Names from the capture are escaped: they can make neither markup nor links.
    """
    outcome = outcome_of(report)
    lines = [f"## renderkit: {_WORDS[outcome.state]}", "", escaped(outcome.text), ""]
    lines += [f"- {escaped(sentence)}" for sentence in diagnose_run(report)]
    lines += ["", *_gate_lines(report.gates), *_camera_lines(report), *_provenance_lines(report)]
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, at most 200 characters long."""
    line = " ".join(text.split())
    line = line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 3] + "..."
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$@:])", r"\\\1", line)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


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
    return ["### Gates", "", *_table(["gate", "subject", "mesh", "verdict", "numbers"], rows), "", *more]


def _camera_lines(report: Report) -> list[str]:
    summaries = summarise_cameras(report.rows)
    place = {entry.camera: index for index, entry in enumerate(rank_cameras(summaries))}
    ordered = sorted(summaries, key=lambda summary: (place.get(summary.camera, -1), summary.mesh))[:_MOST_ROWS]
    if not ordered:
        return []
    header = ["camera", "mesh", *(METRICS[name].title for name in _COLUMNS), "failed views"]
    title = f"### Cameras, the worst {len(ordered)} of {len(summaries)} first"
    return [title, "", *_table(header, (_camera_row(summary) for summary in ordered)), ""]


def _camera_row(summary: CameraSummary) -> list[str]:
    values = [METRICS[name].text(METRICS[name].value(summary.scores)) for name in _COLUMNS]
    return [escaped(summary.camera), escaped(summary.mesh), *values, str(summary.num_failed or "")]


def _provenance_lines(report: Report) -> list[str]:
    provenance = report.provenance
    renderer = f"{provenance.renderer.get('device', 'unknown')}, {provenance.renderer.get('kind', 'unknown')}"
    version = provenance.versions.get("renderkit", "unknown")
    return [
        f"{len(report.cameras)} cameras, {len(report.frames)} frames, {len(report.rows)} views; "
        f"renderer {escaped(renderer)}; renderkit {escaped(version)}; capture {escaped(provenance.capture)}"
    ]
