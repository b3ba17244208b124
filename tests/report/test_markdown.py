from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from markdown_it import MarkdownIt

from renderkit.errors import DatasetError
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.report.markdown import WRITER, dump_markdown
from renderkit.results.report import Report

MakeReport: TypeAlias = Callable[..., Report]
RMS = "reprojection_rms_px"


def _html(report: Report) -> str:
    """The summary as a Markdown renderer that shares no code with it shows it."""
    html: str = MarkdownIt("gfm-like", {"linkify": False}).render(dump_markdown(report))
    return html


def test_verdict_gates_and_worst_cameras_come_out_as_tables(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 9.0, "c": 1.1})
    html = _html(replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 1.5")])))
    assert "<h2>renderkit: FAIL</h2>" in html
    assert f"<td>{RMS} 9.00 px &gt; 1.50 px</td>" in html
    assert html.count("<table>") == 2
    # The worst camera is the first row of the second table.
    assert html.rindex("<td>b</td>") < html.rindex("<td>a</td>")
    assert "3 cameras, 1 frame, 3 views" in html


@pytest.mark.parametrize(
    "name",
    ["<script>x</script>", "a|b", "**b**", "`c`", "[x](http://y)", "![i](z)", "a\n\n# h", "<!--", "&lt;", "~~s~~"],
)
def test_names_can_make_no_markup(make_report: MakeReport, name: str) -> None:
    report = make_report({name: 9.0, "a": 1.0, "b": 1.0}, failed={"z": name})
    html = _html(replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 1.5")])))
    for markup in ("<script", "<strong", "<code", "<a ", "<img", "<h1", "<!--", "<s>"):
        assert markup not in html
    assert html.count("<table>") == 2
    rows = html.split("<tr>")
    assert len({row.count("<td") for row in rows[-4:]}) == 1


def test_long_reports_are_cut_and_say_so(make_report: MakeReport) -> None:
    report = make_report({f"{index:03}": 9.0 for index in range(100)})
    text = dump_markdown(replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 1.5")])))
    assert "100 cameras" in text
    assert "the worst 20 of 100 first" in text
    assert len(text) < 20_000


def test_empty_and_unjudged_runs(make_report: MakeReport, tmp_path: Path) -> None:
    assert "NOTHING CHECKED" in dump_markdown(make_report({}))
    assert "CANNOT TELL" in WRITER.write(make_report({"\ud800": 1.0}), tmp_path).read_text()
    with pytest.raises(DatasetError, match="cannot be written"):
        WRITER.write(make_report({}), tmp_path / "absent")


def test_what_blocks_comes_before_what_is_tolerated(make_report: MakeReport) -> None:
    report = make_report({f"{index:03}": 9.0 for index in range(30)} | {"zz": 9.0})
    gate = replace(parse_gate(f"{RMS} <= 1.5"), known_failures=("0*",))
    text = dump_markdown(replace(report, gates=judge(report, [gate])))
    rows = [line for line in text.splitlines() if line.startswith("| Gate".lower()) or "| gate " in line]
    assert "camera zz" in rows[0]
    assert "tolerated" in rows[1]
    # Thirty cameras with one reason are one line.
    assert len(rows) == 2
    assert "30 cameras" in rows[1]
