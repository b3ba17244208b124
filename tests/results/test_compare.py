from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from lxml import html

from renderkit.errors import DatasetError
from renderkit.report.html.compare_page import write_comparison
from renderkit.results.compare import (
    Change,
    NamedRun,
    comparable_metrics,
    compare_metrics,
    comparison_sentence,
    name_runs,
)
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report

MakeReport: TypeAlias = Callable[..., Report]
RMS = METRICS["reprojection_rms_px"]
NAN = math.nan


@pytest.mark.parametrize(
    ("metric", "values", "errors", "word"),
    [
        ("reprojection_rms_px", (1.0, 2.0), (0.1, 0.1), "worse"),
        ("reprojection_rms_px", (2.0, 1.0), (0.1, 0.1), "better"),
        ("reprojection_rms_px", (1.0, 1.4), (0.1, 0.1), ""),
        ("reprojection_rms_px", (1.0, 1.43), (0.1, 0.1), "worse"),
        ("iou", (0.9, 0.95), (NAN, NAN), "better"),
        ("iou", (0.9, 0.90004), (NAN, 0.1), ""),
        ("iou", (0.9, 0.8999), (NAN, NAN), "worse"),
        ("iou", (NAN, 0.9), (NAN, NAN), "gained"),
        ("iou", (0.9, NAN), (NAN, NAN), "lost"),
        ("iou", (NAN, NAN), (NAN, NAN), ""),
        ("landmarks_used", (5.0, 50.0), (NAN, NAN), ""),
    ],
)
def test_changes_in_words(metric: str, values: tuple[float, float], errors: tuple[float, float], word: str) -> None:
    assert Change("a", "scan", values, errors, METRICS[metric]).word(1) == word


def test_every_camera_of_any_run_is_there(make_report: MakeReport) -> None:
    runs = [NamedRun("one", make_report({"2": 1.0, "10": 2.0})), NamedRun("two", make_report({"10": 3.0, "11": 1.0}))]
    changes = compare_metrics(runs, [RMS])[0][1]
    assert [change.camera for change in changes] == ["2", "10", "11"]
    assert [change.word(1) for change in changes] == ["lost", "worse", "gained"]
    assert changes[1].values == (2.0, 3.0)
    assert [metric.name for metric in comparable_metrics(runs)] == [
        name for name in METRICS if name.startswith("reprojection")
    ]
    assert comparable_metrics(runs, ["iou"]) == (METRICS["iou"],)
    with pytest.raises(ValueError, match="at least two"):
        compare_metrics(runs[:1], [RMS])[0][1]


def test_runs_are_named_after_their_folders(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report({})
    file = tmp_path / "c" / "report.json"
    file.parent.mkdir()
    file.touch()
    named = name_runs([tmp_path / "a" / "run", tmp_path / "b" / "run", file], [report] * 3)
    assert [run.name for run in named] == ["run #1", "run #2", "c"]


def test_the_page_holds_the_same_numbers_and_no_markup_from_names(make_report: MakeReport, tmp_path: Path) -> None:
    runs = [NamedRun("<b>one", make_report({"<i>x": 1.0})), NamedRun("two", make_report({"<i>x": 4.0}))]
    write_comparison(runs, compare_metrics(runs, [RMS]), tmp_path / "compare.html")
    document = html.fromstring((tmp_path / "compare.html").read_bytes())
    assert not document.xpath("//b | //i")
    assert document.xpath("//section[2]//tbody//td/text()")[:3] == ["scan", "1.00", "4.00 "]
    assert document.xpath("//section[2]//tbody//span/text()") == ["worse"]
    with pytest.raises(DatasetError, match="cannot be written"):
        write_comparison(runs, compare_metrics(runs, [RMS]), tmp_path / "absent" / "compare.html")


def test_runs_without_cameras_still_make_a_page(make_report: MakeReport, tmp_path: Path) -> None:
    empty = NamedRun("none", make_report({}))
    write_comparison([empty, empty], compare_metrics([empty, empty], [RMS]), tmp_path / "compare.html")
    assert "No run has cameras." in (tmp_path / "compare.html").read_text()


def test_one_sentence_says_which_cameras_changed_and_by_how_much(make_report: MakeReport) -> None:
    before = NamedRun("before", make_report({"1": 1.0, "2": 1.0, "3": 5.0}))
    after = NamedRun("after", make_report({"1": 1.0, "2": 4.0, "3": 2.0}))
    told = comparison_sentence([before, after], compare_metrics([before, after], [RMS]))
    assert told.startswith("after against before: camera 2 is worse (landmark error, RMS 1.00 px to 4.00 px")
    assert "; camera 3 is better (landmark error, RMS 5.00 px to 2.00 px" in told
    assert told.endswith("; 1 of 3 cameras did not change.")
    again = [before, NamedRun("again", before.report)]
    same = comparison_sentence(again, compare_metrics(again, [RMS]))
    assert same == "again: none of 3 cameras changed by more than noise against before."
