"""What is read from report.json is checked first: types, ranges, and where the first wrong value is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.reprojection import ReprojectionScore
from renderkit.results.json_report import dump_report, parse_report
from renderkit.results.report import GateVerdict, Report
from renderkit.results.rows import ViewKey, ViewResult
from renderkit.results.scores import Scores


def _document() -> dict[str, Any]:
    scores = Scores(
        mask=MaskScore(100, 90, 80, 7, "mesh", 0),
        reprojection=ReprojectionScore(np.array([[0.1, -0.2], [np.nan, np.nan]]), 1, 0, np.array([False, True])),
    )
    rows = tuple(
        ViewResult(ViewKey("c", "f", str(n), "m"), scores, {}, (), None, (64, 48), None, None, 0.1) for n in range(3)
    )
    gate = GateVerdict("g", "1", "m", "fail", 0.5, "low", tolerated=False)
    document: dict[str, Any] = json.loads(dump_report(Report(rows, gates=(gate,))))
    return document


def _changed(path: tuple[str | int, ...], value: object) -> str:
    document = _document()
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("rows",), {}, "rows"),
        (("rows", 1), None, "rows[1]"),
        (("rows", 2, "camera"), 7, "rows[2].camera"),
        (("rows", 0, "image_size"), [64], "rows[0].image_size"),
        (("rows", 0, "image_size", 1), 0, "rows[0].image_size[1]"),
        (("rows", 0, "image_size", 1), True, "rows[0].image_size[1]"),
        (("rows", 0, "metrics", "iou"), "high", "rows[0].metrics.iou"),
        (("rows", 0, "metrics", "iou"), 1e308, "rows[0].metrics.iou"),
        (("rows", 0, "metrics", "iou"), float("inf"), "rows[0].metrics.iou"),
        (("rows", 0, "warnings"), ["ok", None], "rows[0].warnings[1]"),
        (("rows", 0, "scores", "reprojection", "residuals_px", 0, 1), "x", "residuals_px[0][1]"),
        (("rows", 0, "scores", "reprojection", "residuals_px", 0, 1), 1e200, "residuals_px[0][1]"),
        (("gates", 0, "verdict"), "passed", "gates[0].verdict"),
        (("gates", 0, "tolerated"), 1, "gates[0].tolerated"),
        (("provenance", "inputs"), [{"path": "x"}], "provenance.inputs[0]"),
        (("timings", "row_seconds", 1), None, "timings.row_seconds[1]"),
        (("skipped_cameras",), {"07": 3}, "skipped_cameras.07"),
    ],
)
def test_the_first_wrong_value_is_named(path: tuple[str | int, ...], value: object, where: str) -> None:
    with pytest.raises(DatasetError) as caught:
        parse_report(_changed(path, value), Path("report.json"))
    assert caught.value.key is not None
    assert caught.value.key.endswith(where) or caught.value.key.startswith(where)


def test_a_missing_key_is_named() -> None:
    document = _document()
    del document["rows"][1]["mesh"]
    with pytest.raises(DatasetError, match=r"rows\[1\]\.mesh.*missing"):
        parse_report(json.dumps(document), Path("report.json"))


def test_what_may_be_absent_or_new_is_read() -> None:
    document = _document()
    for name in ("diagnosis", "checks", "surfaces", "explanations", "intervals"):
        del document[name]
    document["rows"][0]["scores"]["of_another_package"] = {"any": [1, "x"]}
    assert len(parse_report(json.dumps(document), Path("report.json")).rows) == 3
