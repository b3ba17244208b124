"""renderkit overlay: one view, a selection, a contact sheet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
from command_result import Result

from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_chosen_views_of_the_first_frame(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("overlay", capture.capture, "--cameras", "22,25", "--out", "o", "--max-size", "700")
    assert result.code == 0
    assert _names(tmp_path / "o") == ["0_22_scan.jpg", "0_25_scan.jpg", "sheet_0_scan.jpg"]
    picture = cv2.imread(str(tmp_path / "o" / "0_25_scan.jpg"))
    assert picture is not None
    assert picture.shape[1] == 700
    assert picture.shape[0] > 700 * 256 / 306


def test_a_contact_sheet_only(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    result = run("overlay", capture.capture, "--sheet", "--worst-first", "--frames", "0,1", "--out", "o")
    assert result.code == 0
    assert _names(tmp_path / "o") == ["sheet_0_scan.jpg", "sheet_1_scan.jpg"]


def test_a_capture_without_mattes_or_landmarks_still_has_its_rendering(
    run: Run, facescape: SynthTruth, tmp_path: Path
) -> None:
    assert run("overlay", facescape.capture, "--out", "o").code == 0
    assert len(_names(tmp_path / "o")) == 4


def test_a_folder_that_cannot_be_written_is_2(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert run("overlay", capture.capture, "--out", tmp_path / "file").code == 2
