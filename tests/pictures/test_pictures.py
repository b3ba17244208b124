"""The pictures of a run as files: an overlay per view, a sheet per frame and mesh, the worst view framed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from renderkit.arrays import ColorImage
from renderkit.errors import ArgumentError, DatasetError
from renderkit.geometry.camera import Camera
from renderkit.images.palette import BACKDROP, ERROR
from renderkit.metrics.mask import MaskScore
from renderkit.pictures.layers.layer import Drawing
from renderkit.pictures.overlay import DrawnView, draw_view
from renderkit.pictures.pictures import PictureFiles, sheet_legend
from renderkit.pictures.style import OverlayStyle
from renderkit.results.picture_evidence import PictureEvidence
from renderkit.results.rows import Failure, ViewKey, ViewResult
from renderkit.results.scores import Scores

_CAMERA = Camera(np.array([[900.0, 0, 499.5], [0, 900.0, 399.5], [0, 0, 1]]), 1000, 800)
_REASONS = {"boundary": "x", "containment": "x", "reprojection": "x"}


def _row(camera: str, overlap: int = 99, frame: str = "0", capture: str = "t") -> ViewResult:
    scores = Scores(mask=MaskScore(100, overlap, overlap))
    return ViewResult(ViewKey(capture, frame, camera, "scan"), scores, _REASONS)


def _drawn(row: ViewResult) -> DrawnView:
    return draw_view(Drawing(PictureEvidence(row, _CAMERA), OverlayStyle()), with_tile=True)


def _sheet(files: PictureFiles, rows: list[ViewResult]) -> ColorImage:
    tiles = {row.key: _drawn(row).tile(300, 1.0, 1.0) for row in rows if row.failure is None}
    picture = cv2.imread(str(files.folder / files.write_sheet(rows, tiles, sheet_legend(OverlayStyle(), 20))))
    assert picture is not None
    return np.asarray(picture, np.uint8)[:, :, ::-1]


def _framed(sheet: ColorImage) -> bool:
    near = np.abs(sheet[70:].astype(int) - ERROR).max(axis=2) < 30
    return int(np.count_nonzero(near)) > 1000


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_picture_and_its_tile(tmp_path: Path, suffix: str) -> None:
    row = _row("05")
    files = PictureFiles(tmp_path, suffix=suffix)
    written = files.write_view(files.encode_view(_drawn(row), overlay=True, page=False))
    assert written.overlay == f"0_05_scan{suffix}"
    picture = cv2.imread(str(tmp_path / written.overlay))
    assert picture is not None
    assert picture.shape[1] == 1000
    assert picture.shape[0] > 800
    assert written.tile.shape == (240, 300, 3)
    assert PictureFiles(tmp_path / "no").encode_view(_drawn(row), overlay=False, page=False).files == {}


def test_a_sheet_holds_every_view(tmp_path: Path) -> None:
    sheet = _sheet(PictureFiles(tmp_path), [_row(f"{index:02d}") for index in range(3)])
    # Three tiles of 300 x 240 px, each with its own picture: none is the blank of a failed view.
    drawn = np.abs(sheet.astype(int) - BACKDROP).max(axis=2) < 6
    assert np.count_nonzero(drawn) > 0.95 * 3 * 300 * 240
    assert not _framed(sheet)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet_0_scan.jpg"]


def test_the_worst_view_and_failed_views_are_framed(tmp_path: Path) -> None:
    rows = [*(_row(f"{index:02d}") for index in range(5)), _row("09", 60)]
    assert _framed(_sheet(PictureFiles(tmp_path), rows))
    failed = ViewResult(ViewKey("t", "1", "00", "scan"), failure=Failure("DatasetError", "broken"))
    assert _framed(_sheet(PictureFiles(tmp_path, worst_first=True), [failed, _row("01", frame="1")]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("{capture}_{frame}_{camera}", "take_3_05.png"),
        ("{camera}", "05.png"),
        ("{camera:>5}-{mesh}", "___05-scan"),
    ],
)
def test_names_are_patterns(tmp_path: Path, name: str, expected: str) -> None:
    path = PictureFiles(tmp_path, suffix=".png", name=name).path_of(ViewKey("take", "3", "05", "scan"))
    assert path.startswith(expected.removesuffix(".png"))
    assert path.endswith(".png")


@pytest.mark.parametrize("hostile", ["../../etc", "/root", "a\0b", "..", "C:\\x", "con" * 200, "{camera}", "é"])
def test_names_from_data_never_become_paths(tmp_path: Path, hostile: str) -> None:
    files = PictureFiles(tmp_path, name="{capture}_{frame}_{camera}")
    path = files.path_of(ViewKey(hostile, hostile, hostile, hostile))
    assert "/" not in path
    assert "\\" not in path
    assert len(path) < 180
    assert (tmp_path / path).resolve().parent == tmp_path.resolve()
    assert path != files.path_of(ViewKey(hostile, hostile, f"{hostile}.", hostile))


@pytest.mark.parametrize(
    "name", ["picture", "{frame}", "{camera}{secret}", "{camera", "{0}{camera}", "{camera.__class__}"]
)
def test_names_without_the_camera_or_with_other_fields_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match="name"):
        PictureFiles(tmp_path, name=name)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path / "gone")
    encoded = files.encode_view(_drawn(_row("00")), overlay=True, page=False)
    with pytest.raises(DatasetError, match="cannot be written"):
        files.write_view(encoded)
