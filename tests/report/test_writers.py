"""A run's formats side by side: report.json stands for a finished run, so it comes last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from renderkit.errors import DatasetError
from renderkit.report.registry import write_formats
from renderkit.results.report import Report


def test_paths_come_in_the_order_given(make_report: Callable[..., Report], tmp_path: Path) -> None:
    paths = write_formats(make_report({"a": 1.0}), tmp_path, ("json", "csv", "junit"))
    assert [path.name for path in paths] == ["report.json", "results.csv", "junit.xml"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_there_is_no_report_json_when_another_format_fails(make_report: Callable[..., Report], tmp_path: Path) -> None:
    (tmp_path / "results.csv").mkdir()
    with pytest.raises(DatasetError, match=r"results\.csv: cannot be written: there is a folder of this name"):
        write_formats(make_report({"a": 1.0}), tmp_path, ("json", "csv", "junit"))
    assert not (tmp_path / "report.json").exists()
