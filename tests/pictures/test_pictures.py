"""The pictures of a run: one overlay per view, one sheet per frame and mesh, the worst view framed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.errors import DatasetError
from renderkit.geometry.camera import Camera
from renderkit.images.palette import BACKDROP, ERROR
from renderkit.metrics.mask import MaskScore
from renderkit.pictures.pictures import RunPictures
from renderkit.results.evidence import ViewEvidence
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.scores import Scores

_CAMERA = Camera(np.array([[90.0, 0, 49.5], [0, 90.0, 39.5], [0, 0, 1]]), 100, 80)
_REASONS = {"boundary": "x", "containment": "x", "reprojection": "x"}


def _row(frame: str, camera: str, overlap: int = 99) -> ViewResult:
    return ViewResult(ViewKey("t", frame, camera, "scan"), Scores(mask=MaskScore(100, overlap, overlap)), _REASONS)


def _walk(pictures: RunPictures, rows: list[ViewResult]) -> list[str | None]:
    drawn = []
    for row in rows:
        drawn.append(None if row.failure else pictures.draw(ViewEvidence(row, _CAMERA)))
        pictures.add(row)
    pictures.finish()
    return drawn


def _framed(path: Path) -> bool:
    picture = cv2.imread(str(path))
    assert picture is not None
    near = np.abs(picture[:, :, ::-1].astype(int) - ERROR).max(axis=2) < 30
    return int(np.count_nonzero(near)) > 1000


def test_an_overlay_per_view_and_a_sheet_per_frame(tmp_path: Path) -> None:
    pictures = RunPictures(tmp_path)
    rows = [_row(frame, camera) for frame in ("0", "1") for camera in ("00", "01", "02")]
    assert _walk(pictures, rows) == [f"{f}_{c}_scan.jpg" for f in "01" for c in ("00", "01", "02")]
    assert pictures.sheets == ["sheet_0_scan.jpg", "sheet_1_scan.jpg"]
    assert len(list(tmp_path.iterdir())) == 8
    for name in pictures.sheets:
        assert not _framed(tmp_path / name)
        sheet = cv2.imread(str(tmp_path / name))
        assert sheet is not None
        # Three tiles of 300 x 240 px, each with its own picture: none is the blank of a failed view.
        drawn = np.abs(sheet[:, :, ::-1].astype(int) - BACKDROP).max(axis=2) < 6
        assert np.count_nonzero(drawn) > 0.95 * 3 * 300 * 240


def test_the_worst_view_and_failed_views_are_framed(tmp_path: Path) -> None:
    pictures = RunPictures(tmp_path, overlays=False)
    failed = ViewResult(ViewKey("t", "1", "00", "scan"), failure=Failure("DatasetError", "broken"))
    rows = [*(_row("0", f"{index:02d}") for index in range(5)), _row("0", "09", 60), failed, _row("1", "01")]
    assert _walk(pictures, rows) == [None] * 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet_0_scan.jpg", "sheet_1_scan.jpg"]
    assert _framed(tmp_path / "sheet_0_scan.jpg")
    assert _framed(tmp_path / "sheet_1_scan.jpg")


def test_nothing_is_written_without_views_and_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    RunPictures(tmp_path).finish()
    assert not list(tmp_path.iterdir())
    with pytest.raises(DatasetError, match="cannot be written"):
        RunPictures(tmp_path / "gone").draw(ViewEvidence(_row("0", "00"), _CAMERA))
