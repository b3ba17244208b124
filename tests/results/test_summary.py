"""A run is summed up once, however much is written from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_fixtures import MakeReport

import renderkit.results.intervals
import renderkit.results.summary
from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.report.registry import WRITERS, write_formats
from renderkit.results.report import Report

_COMPUTED = (
    (renderkit.results.summary, "asked_metrics"),
    (renderkit.results.summary, "summarise_cameras"),
    (renderkit.results.summary, "worst_camera"),
    (renderkit.results.summary, "rig_summaries"),
    (renderkit.results.summary, "headline_intervals"),
    (renderkit.results.intervals, "bootstrap_interval"),
)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often each computation runs."""
    counter: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            counter[name] += 1
            return function(*args, **kwargs)

        return call

    for module, name in _COMPUTED:
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    return counter


def test_writing_every_format_computes_a_summary_once(
    make_report: MakeReport, write_run: Callable[[Report, Path], Path], tmp_path: Path, calls: Counter[str]
) -> None:
    report = replace(make_report({"a": 1.0, "b": 2.0}, overlaps={"a": 0.9}, frames=("0", "1")), with_intervals=True)
    write_run(report, tmp_path)
    report = replace(report, gates=judge(report, [parse_gate("iou >= baseline")], report), baseline=report)
    for _ in range(2):
        paths = write_formats(report, tmp_path, WRITERS)
        assert [path.name for path in paths] == [writer.file_name for writer in WRITERS.values()]
    assert calls.pop("bootstrap_interval") == 5  # median and RMS of two cameras, IoU of one
    assert dict(calls) == dict.fromkeys([name for _, name in _COMPUTED[:-1]], 1)


def test_other_rows_are_another_summary(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 2.0})
    assert replace(report, seconds=9.0).summary is report.summary
    fewer = replace(report, rows=report.rows[:1])
    assert [camera.camera for camera in fewer.summary.cameras] == ["a"]
    assert len(report.summary.cameras) == 2


def test_a_run_without_intervals_draws_none(make_report: MakeReport, tmp_path: Path, calls: Counter[str]) -> None:
    write_formats(make_report({"a": 1.0}), tmp_path, ("json", "csv", "markdown", "junit"))
    assert "bootstrap_interval" not in calls
