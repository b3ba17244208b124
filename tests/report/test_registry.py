"""The registry of writers: each writes its file, failures name the path, unknown names list all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from report_fixtures import MakeReport

from renderkit.errors import DatasetError
from renderkit.report.registry import DEFAULT_FORMATS, WRITERS, find_writers, write_formats
from renderkit.report.writer import Writer
from renderkit.results.report import Report


def test_every_writer_writes_its_file(
    make_report: MakeReport, write_run: Callable[[Report, Path], Path], tmp_path: Path
) -> None:
    report = make_report({"a": 1.0})
    write_run(report, tmp_path)
    for writer in WRITERS.values():
        path = writer.write(report, tmp_path)
        assert path == tmp_path / writer.file_name
        assert path.read_bytes() == writer.dump(report, tmp_path)
        assert path.stat().st_size > 0
    assert len({writer.file_name for writer in WRITERS.values()}) == len(WRITERS)


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_folder_that_is_not_there_cannot_be_written(make_report: MakeReport, tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="cannot be written") as caught:
        WRITERS[name].write(make_report({"a": 1.0}), tmp_path / "absent")
    assert caught.value.path == tmp_path / "absent" / WRITERS[name].file_name


def test_formats_are_written_in_the_order_given(make_report: MakeReport, tmp_path: Path) -> None:
    paths = write_formats(make_report({"a": 1.0}), tmp_path, ("csv", "json"))
    assert [path.name for path in paths] == ["results.csv", "report.json"]
    assert set(DEFAULT_FORMATS) == set(WRITERS) - {"parquet"}


def test_an_unknown_format_lists_all() -> None:
    with pytest.raises(
        ValueError, match="no format is called 'pdf'; there are: csv, parquet, junit, markdown, html, json"
    ):
        find_writers(["json", "pdf"])
    writer = Writer("x", "x.txt", lambda *_: b"")
    assert writer.by_default
