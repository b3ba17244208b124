from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pyarrow.parquet as pq
import pytest

from renderkit.errors import DatasetError, MissingExtraError
from renderkit.report import csv_file, parquet
from renderkit.results.kinds import METRICS
from renderkit.results.report import Report
from renderkit.results.table import table_columns

MakeReport: TypeAlias = Callable[..., Report]


@pytest.fixture
def report(make_report: MakeReport) -> Report:
    return make_report({"a": 1.5, "=1+1": 2.0, 'q"\n,': 3.0, "\ud800": 4.0}, failed={"z": "corrupt JPEG"})


def test_csv_holds_every_view_and_leaves_missing_cells_empty(report: Report, tmp_path: Path) -> None:
    with csv_file.WRITER.write(report, tmp_path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == table_columns()
    by_camera = {row["camera"]: row for row in rows}
    assert set(by_camera) == {"a", "'=1+1", 'q"\n,', "\\ud800", "z"}
    assert float(by_camera["a"]["reprojection_rms_px"]) == pytest.approx(1.5)
    assert by_camera["a"]["iou"] == ""
    assert "mask: the capture has no mask" in by_camera["a"]["not_computable"]
    assert (by_camera["a"]["width"], by_camera["z"]["width"]) == ("640", "")
    assert by_camera["z"]["failure"] == "DatasetError: corrupt JPEG"


def test_parquet_holds_the_same_with_types(report: Report, tmp_path: Path) -> None:
    table = pq.read_table(parquet.WRITER.write(report, tmp_path))
    assert tuple(table.column_names) == table_columns()
    rows = {row["camera"]: row for row in table.to_pylist()}
    assert rows["a"]["reprojection_rms_px"] == pytest.approx(1.5)
    assert rows["a"]["iou"] is None
    assert rows["=1+1"]["mesh"] == "scan"
    assert all(str(table.schema.field(name).type) == "double" for name in METRICS)


def test_every_finite_metric_is_in_the_table(make_report: MakeReport, tmp_path: Path) -> None:
    report = make_report({"a": 1.5}, overlaps={"a": 0.9})
    (row,) = pq.read_table(parquet.WRITER.write(report, tmp_path)).to_pylist()
    for name, metric in METRICS.items():
        value = metric.value(report.rows[0].scores)
        assert row[name] == (value if math.isfinite(value) else None)


def test_no_rows_make_files_with_a_header(make_report: MakeReport, tmp_path: Path) -> None:
    assert (
        csv_file.WRITER.write(make_report({}), tmp_path).read_bytes() == (",".join(table_columns()) + "\r\n").encode()
    )
    assert pq.read_table(parquet.WRITER.write(make_report({}), tmp_path)).num_rows == 0


def test_what_cannot_be_written_is_said(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for write in (csv_file.WRITER.write, parquet.WRITER.write):
        with pytest.raises(DatasetError, match="cannot be written"):
            write(report, tmp_path / "absent")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"renderkit\[parquet\]"):
        parquet.WRITER.write(report, tmp_path)
