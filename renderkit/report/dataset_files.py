"""The files of a run over many captures: index.html, summary.md, junit.xml, captures.csv."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from renderkit.report.csv_file import spreadsheet_cell
from renderkit.report.junit import Case, dump_suites
from renderkit.report.markdown_text import escaped, table, worst_heading
from renderkit.results.dataset import GROUP_KINDS, CaptureOutcome, CaptureState, DatasetReport
from renderkit.results.kinds import METRICS
from renderkit.wording import counted
from renderkit.writing import write_bytes, write_text

INDEX: Final = "index.html"
_MOST_ROWS: Final = 20
_WORDS: Final[dict[CaptureState, str]] = {
    "pass": "PASS", "fail": "FAIL", "unjudged": "NO GATES", "bad": "NOT USABLE", "incomplete": "INCOMPLETE",
}  # fmt: skip
_COLUMNS: Final = (
    "id", "path", "subject", "day", "state", "passed", "num_views", "num_failed", "worst", "deviation", "gates_failed",
    "gates", "report", "sentence",
)  # fmt: skip


def write_dataset_report(report: DatasetReport, folder: Path) -> None:
    """Write the files of a run over many captures, the index last.

    Raises:
        DatasetError: If one cannot be written.
    """
    from renderkit.report.html.dataset_page import render_index  # noqa: PLC0415 - loads the template engine

    write_bytes(folder / "captures.csv", dump_captures(report))
    write_bytes(folder / "junit.xml", dump_junit(report))
    write_text(folder / "summary.md", dump_markdown(report), errors="backslashreplace")
    write_text(folder / INDEX, render_index(report, _verdict(report), state_word), errors="backslashreplace")


def state_word(state: CaptureState) -> str:
    """Return a capture's state as pages show it."""
    return _WORDS[state]


def dump_captures(report: DatasetReport) -> bytes:
    """Return captures.csv: one row per capture."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    for one in report.captures:
        writer.writerow(spreadsheet_cell(getattr(one, name)) for name in _COLUMNS)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def dump_junit(report: DatasetReport) -> bytes:
    """Return junit.xml: one test case per capture. One that could not be done is an error, never a pass."""
    return dump_suites(
        {"captures": [_case(one) for one in report.captures]}, f"{counted(len(report.captures), 'capture')}"
    )


def _case(one: CaptureOutcome) -> Case:
    detail = f"{one.path}\n{one.sentence}\nworst camera: {one.worst or 'unknown'}"
    if one.passed:
        return Case(one.id, "passed")
    return Case(one.id, "failure" if one.state == "fail" else "error", one.sentence, detail)


def _verdict(report: DatasetReport) -> str:
    if report.passed:
        return "PASS"
    return "STOPPED" if report.stopped else "FAIL" if report.gate_failed else "DOES NOT PASS"


def dump_markdown(report: DatasetReport) -> str:
    """Return summary.md (GitHub's Markdown): the outcome, the worst captures, then subjects, days and cameras."""
    word = _verdict(report)
    lines = [f"## renderkit: {word}", "", *(f"- {escaped(line)}" for line in str(report).splitlines()), ""]
    worst = report.worst_first[:_MOST_ROWS]
    rows = [
        [escaped(one.id), _WORDS[one.state], str(one.num_views), str(one.num_failed or ""), escaped(one.worst),
         escaped(one.sentence)]
        for one in worst
    ]  # fmt: skip
    lines += [worst_heading("Captures", len(worst), len(report.captures)), ""]
    lines += [*table(["capture", "state", "views", "failed", "worst camera", "outcome"], rows), ""]
    for kind in GROUP_KINDS:
        groups = report.worst_groups(kind)
        if groups:
            shown = groups[:_MOST_ROWS]
            metrics = [name for name in METRICS if any(name in group.metrics for group in shown)]
            cells = [
                [escaped(group.name), str(group.num_captures), str(group.num_off or ""),
                 *(METRICS[name].text(group.metrics[name].median) if name in group.metrics else "-"
                   for name in metrics)]
                for group in shown
            ]  # fmt: skip
            head = [kind, "captures", "off", *(f"{METRICS[name].title}, median" for name in metrics)]
            lines += [worst_heading(f"By {kind}", len(shown), len(groups)), ""]
            lines += [*table(head, cells), ""]
    return "\n".join(lines).rstrip() + "\n"
