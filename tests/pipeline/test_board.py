from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import renderkit as rk
from renderkit.errors import ArgumentError
from renderkit.geometry.pose import Pose
from renderkit.results.headline import headline_of
from renderkit.results.json_report import read_report
from renderkit.synth.faults import parse_fault
from renderkit.synth.truth import SynthTruth

BOARD = "charuco:6x5:0.035:0.027:DICT_4X4"


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> SynthTruth:
    options = rk.SynthOptions(
        board=BOARD, num_cameras=6, num_frames=18, size=(400, 335), faults=(parse_fault("shifted@25=1.5"),), samples=3
    )
    return rk.synthesize(tmp_path_factory.mktemp("board"), options)


@pytest.fixture(scope="module")
def report(take: SynthTruth, tmp_path_factory: pytest.TempPathFactory) -> tuple[rk.Report, Path]:
    folder = tmp_path_factory.mktemp("run") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
        made = rk.validate(
            take.capture, board=BOARD, out=folder, renderer="cpu", checks=False, gates=["board_rms_px <= 0.5 px"]
        )
    return made, folder


def test_the_truth_states_the_poses_of_the_board(take: SynthTruth) -> None:
    truth = json.loads(take.path.read_text())
    assert truth["board"] == "charuco:6x5:0.035:0.027:DICT_4X4_50"
    pose = Pose.from_matrix(truth["board_poses"]["003"])
    assert np.allclose(pose.matrix, take.board_poses["003"].matrix)


def test_the_shifted_camera_is_named_and_gated(report: tuple[rk.Report, Path]) -> None:
    made, _ = report
    assert made.diagnosis is not None
    (findings,) = made.diagnosis.evidence
    assert [one.camera for one in findings.off] == ["25"]
    (off,) = findings.off
    assert off.shift_px == pytest.approx((-1.2, -0.9), abs=0.2)
    assert made.diagnosis.verdict == "does not fit"
    assert [gate.subject for gate in made.gates if gate.blocks] == ["25"]
    assert abs(findings.numbers["scale_percent"]) < 0.2


def test_rows_say_what_was_measured_or_why_not(report: tuple[rk.Report, Path]) -> None:
    made, _ = report
    scored = [row for row in made.rows if row.scores.board_fit is not None]
    assert len(scored) >= 10
    assert {row.missing["board_fit"] for row in made.rows if row.scores.board_fit is None} == {
        "the board was not found in this view's photograph"
    }
    healthy = [row for row in scored if row.key.camera != "25"]
    assert np.median([row.scores.board_fit.reprojection.median_px for row in healthy]) < 0.15


def test_the_run_folder_reads_back_and_has_pictures(report: tuple[rk.Report, Path]) -> None:
    made, folder = report
    again = read_report(folder)
    for before, after in zip(made.rows, again.rows, strict=True):
        if before.scores.board_fit is not None:
            np.testing.assert_allclose(after.scores.board_fit.residuals, before.scores.board_fit.residuals)
    assert len(list((folder / "evidence").glob("board_*.jpg"))) >= 5
    assert "| camera | mesh | board median px |" in (folder / "summary.md").read_text()


def test_a_board_as_evidence_must_be_named(take: SynthTruth) -> None:
    with pytest.raises(ArgumentError, match="--board SPEC are given together"):
        rk.validate(take.capture, evidence="board")
    with pytest.raises(ArgumentError, match="expected one of charuco"):
        rk.validate(take.capture, board="nothing")


def test_another_dictionary_is_named(take: SynthTruth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = rk.validate(
        take.capture, board=BOARD.replace("4X4", "6X6"), frames="000:018:6", renderer="cpu", checks=False
    )
    assert made.diagnosis is not None
    assert made.diagnosis.verdict == "cannot tell"
    assert "markers of DICT_4X4_50 are there" in made.diagnosis.sentence
    headline = headline_of(made)
    assert "markers of DICT_4X4_50 are there" in headline.why
    assert headline.next_step == "Give what is said to be missing, and validate again."


def test_a_fault_that_leaves_no_picture_of_a_board_is_refused(tmp_path: Path) -> None:
    options = rk.SynthOptions(board=BOARD, num_cameras=3, size=(64, 48), faults=(parse_fault("resized@25=0.5"),))
    with pytest.raises(ValueError, match="fault resized"):
        rk.synthesize(tmp_path, options)
