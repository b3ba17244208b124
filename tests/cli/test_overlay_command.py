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


def test_a_look_from_options_presets_and_the_config(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    (tmp_path / "renderkit.toml").write_text(
        '[overlay.presets.mine]\nlayers = "depth,outline"\nopacity = 1.0\nname = "{camera}_at_{frame}.webp"\n'
    )
    common = ("overlay", capture.capture, "--cameras", "25", "--max-size", "320")
    assert run(*common, "--preset", "mine", "--out", "a").code == 0
    assert _names(tmp_path / "a") == ["25_at_0.webp", "sheet_0_scan.webp"]
    assert run(*common, "--preset", "model", "--name", "{capture}_{frame}_{camera}.png", "--out", "b").code == 0
    (name,) = (each for each in _names(tmp_path / "b") if not each.startswith("sheet"))
    picture = cv2.imread(str(tmp_path / "b" / name), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape[2] == 4
    assert max(picture.shape) == 320
    plain = ("--no-caption", "--side-by-side", "--crop", "8,8,160,120", "--colors", "rendered=#ff0000")
    assert run(*common, *plain, "--format", "png", "--out", "c").code == 0
    beside = cv2.imread(str(tmp_path / "c" / "0_25_scan.png"))
    assert beside is not None
    assert beside.shape[1] > 2 * beside.shape[0]


def test_what_is_wrong_with_a_look_is_said_before_any_work(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    for arguments, why in (
        (("--layers", "outlin"), "did you mean 'outline'"),
        (("--preset", "wires"), "did you mean 'wire'"),
        (("--background", "transparent", "--format", "jpg"), "cannot be transparent"),
        (("--crop", "1,2"), "mesh, face or X,Y,W,H"),
        (("--name", "same.png"), "all pictures have one name"),
    ):
        result = run("overlay", capture.capture, *arguments, "--out", "o")
        assert result.code == 2
        assert why in result.err
