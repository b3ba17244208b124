"""renderkit inspect: what is in a capture, what is missing; camera files are linted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import h5py
import numpy as np
from command_result import Result

from renderkit.synth.truth import SynthTruth

Run = Callable[..., Result]


def test_a_capture_is_described(run: Run, capture: SynthTruth) -> None:
    shown = run("inspect", capture.capture)
    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert "dataset renderme360" in words
    assert "cameras 6: 13, 22, 25, 28, 31, 40" in words
    assert "landmarks2d 4 of 6 cameras 22, 25, 28, 31" in words
    assert "scan" in words
    assert "306 x 256" in words
    assert "--flame FILE" in words


def test_what_facescape_lacks_is_said_and_gone_when_given(run: Run, facescape: SynthTruth) -> None:
    assert "masks" in run("inspect", facescape.capture).out.lower().split("missing:")[1]
    assert facescape.masks is not None
    given = run("inspect", facescape.capture, "--masks", facescape.masks)
    assert "mask 3 of 3 cameras" in " ".join(given.out.split())


def test_a_camera_that_is_none_is_listed_with_its_reason(run: Run, capture: SynthTruth, tmp_path: Path) -> None:
    for file in capture.folder.glob("*.smc"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    annotations = next(tmp_path.glob("*_anno.smc"))
    with h5py.File(annotations, "r+") as file:
        del file["Calibration/28/K"]
        file["Calibration/28/K"] = np.full((3, 3), np.nan)
    shown = run("inspect", annotations)
    assert shown.code == 2
    assert "no camera" in shown.out
    assert "1 error," in shown.out


def test_a_camera_file_is_linted(run: Run, shared_data: Path) -> None:
    rig = shared_data / "middlebury_dino" / "dinoSR_par.txt"
    shown = run("inspect", rig, "--json")
    assert shown.code == 0
    assert shown.out.lstrip().startswith("{")


def test_what_is_neither_is_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    result = run("inspect", tmp_path / "a.txt")
    assert result.code == 2
    assert "RenderMe-360 capture (.smc)" in result.err


def test_views_that_fail_leave_with_2_as_validate_does(run: Run, facescape: SynthTruth, tmp_path: Path) -> None:
    assert facescape.masks is not None
    for matte in facescape.masks.rglob("*.png"):
        small = tmp_path / matte.relative_to(facescape.masks)
        small.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(small), np.zeros((20, 30), np.uint8))
    for words in (("inspect",), ("validate", "--out", tmp_path / "run", "--overlays", "none")):
        result = run(words[0], facescape.capture, "--masks", tmp_path, *words[1:])
        assert result.code == 2
        assert "the matte has 30 x 20 px" in result.out


def test_a_camera_file_that_is_a_capture_needs_no_pictures(run: Run, tmp_path: Path) -> None:
    K, R = "500 0 320 0 500 240 0 0 1", "1 0 0 0 1 0 0 0 1"
    lines = [f"{name}.png {K} {R} {x} 0 2" for name, x in (("a", -0.2), ("b", 0.0), ("c", 0.2))]
    (tmp_path / "x_par.txt").write_text("\n".join(["3", *lines]))
    result = run("inspect", tmp_path / "x_par.txt")
    assert result.code == 0, result.out
    assert "No picture for any camera" in result.out
    assert "first frame" not in result.out
