"""Rows: nothing missing without a reason, natural order, values that do not change."""

from __future__ import annotations

import pytest

from renderkit.metrics.mask import MaskScore
from renderkit.results.report import Report
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.scores import Scores

_REASONS = {"mask": "a", "boundary": "b", "containment": "c", "reprojection": "d"}


def _row(camera: str, frame: str = "0", mesh: str = "scan") -> ViewResult:
    return ViewResult(ViewKey("take", frame, camera, mesh), Scores(), _REASONS)


def test_a_row_without_scores_needs_reasons() -> None:
    key = ViewKey("take", "0", "05", "scan")
    with pytest.raises(ValueError, match="a view without scores needs the reasons"):
        ViewResult(key)
    assert ViewResult(key, Scores(mask=MaskScore(1, 1, 1))).missing == {}


def test_a_failed_view_needs_no_reasons() -> None:
    row = ViewResult(ViewKey("take", "0", "05", "scan"), failure=Failure("DatasetError", "broken"))
    assert row.failure is not None
    assert (row.scores, row.missing) == (Scores(), {})


def test_reasons_cannot_be_changed_afterwards() -> None:
    reasons = dict(_REASONS)
    row = ViewResult(ViewKey("take", "0", "05", "scan"), Scores(), reasons)
    reasons["mask"] = "changed"
    assert row.missing["mask"] == "a"
    with pytest.raises(TypeError):
        row.missing["mask"] = "changed"  # type: ignore[index]


def test_rows_are_in_natural_order_however_they_came() -> None:
    rows = [_row(camera, frame) for frame in ("2", "10") for camera in ("2", "10", "a1", "a02")]
    shuffled = [rows[index] for index in (5, 0, 7, 3, 1, 6, 2, 4)]
    assert [row.key for row in Report(tuple(shuffled)).rows] == [row.key for row in rows]


def test_a_report_lists_cameras_frames_meshes_and_failures() -> None:
    failed = ViewResult(ViewKey("take", "10", "3", "flame"), failure=Failure("ValueError", "x"))
    report = Report((_row("12"), _row("3"), failed))
    assert report.camera_names == ("3", "12")
    assert report.frames == ("0", "10")
    assert report.meshes == ("flame", "scan")
    assert report.failures == (failed,)
