"""Moves between runs, planted with OpenCV in the true cameras; a rig that did not move; what a move is called."""

from __future__ import annotations

import numpy as np
import pytest
from drift_rigs import runs_of
from joint_rigs import IDEAL, NOISY, REALISTIC, Conditions

from renderkit.diagnosis.drift import RunEvidence, find_drift
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.results.drift import drift_json


def test_a_turned_camera_is_named_with_its_angle() -> None:
    runs, truths = runs_of(3, IDEAL, ({2: ("turn", 2.0)},))
    found = find_drift(runs, alpha=0.01, unit="m")
    assert [one.camera for one in found.moved] == ["02"]
    change = found.moved[0].changes[0]
    before, after = truths[0][2], truths[1][2]
    angle = np.degrees(np.arccos(0.5 * (np.trace(after.R @ before.R.T) - 1.0)))
    assert change.cause == "turn"
    assert change.amount == pytest.approx(angle, abs=3.5 * change.amount_error)
    assert change.amount_error < 0.1 * angle
    assert change.length_px == pytest.approx(2.0, abs=0.6)
    assert "camera 02 turned by" in change.sentence
    assert "between day 0 and day 1" in change.sentence


def test_a_rolled_camera_and_a_change_of_focal_length() -> None:
    runs, truths = runs_of(4, IDEAL, ({1: ("roll", 1.5), 5: ("focal length", 1.5)},))
    found = find_drift(runs, alpha=0.01)
    by_name = {one.camera: one.changes[0] for one in found.moved}
    assert set(by_name) == {"01", "05"}
    roll = by_name["01"]
    angle = np.degrees(np.arccos(0.5 * (np.trace(truths[1][1].R @ truths[0][1].R.T) - 1.0)))
    assert roll.cause == "roll"
    assert abs(roll.amount) == pytest.approx(angle, abs=3.5 * roll.amount_error)
    assert "focal length" in by_name["05"].cannot_tell


@pytest.mark.parametrize("conditions", [IDEAL, NOISY, REALISTIC])
@pytest.mark.parametrize("seed", range(4))
def test_a_rig_that_did_not_move_is_not_accused(conditions: Conditions, seed: int) -> None:
    runs, _ = runs_of(10 + seed, conditions, ({},))
    found = find_drift(runs, alpha=0.01)
    assert found.moved == ()
    assert found.sentence.startswith("none of 8 cameras moved")


def test_a_camera_that_moves_back_is_told_from_one_that_stays_moved() -> None:
    runs, _ = runs_of(5, IDEAL, ({1: ("turn", 2.0), 4: ("turn", 2.0)}, {4: ("turn", 2.0)}))
    found = find_drift(runs, alpha=0.01)
    moved = {one.camera: [change.moved for change in one.changes] for one in found.moved}
    assert moved == {"01": [True, False], "04": [True, True]}
    assert found.runs == ("day 0", "day 1", "day 2")


def test_standard_errors_agree_with_the_scatter_of_cameras_that_did_not_move() -> None:
    values = []
    for seed in range(6):
        runs, _ = runs_of(30 + seed, IDEAL, ({},))
        for one in find_drift(runs, alpha=0.01).cameras:
            change = one.changes[0]
            values += [d / e for d, e in zip(change.shift_px, change.shift_error_px, strict=True)]
    # 96 values, in part correlated: the errors are not too small, and not twice too large.
    assert 0.3 < float(np.std(values)) < 1.25


def test_moves_are_found_by_outlines_alone() -> None:
    """Offsets are measured against the true cameras and taken to the written ones."""
    mattes = Conditions(mattes=True, landmarks=False, mesh=(0.002, 0.0005))
    for moves in ({}, {2: ("turn", 3.0)}):
        runs, truths = runs_of(6, mattes, (moves,))
        found = find_drift(runs, alpha=0.01)
        assert [one.camera for one in found.moved] == [f"{index:02d}" for index in moves]
    change = found.moved[0].changes[0]
    angle = np.degrees(np.arccos(0.5 * (np.trace(truths[1][2].R @ truths[0][2].R.T) - 1.0)))
    assert change.cause == "turn"
    assert change.amount == pytest.approx(angle, abs=4.0 * change.amount_error + 0.05 * angle)


def test_errors_that_both_runs_share_cancel() -> None:
    """3D landmarks that are 3 mm off, 3 px in the picture, and a bias of 2 px: the same in both runs."""
    wrong = Conditions(landmark_m=0.003, bias_px=2.0)
    runs, _ = runs_of(8, wrong, ({1: ("turn", 0.8)},), one_subject=True)
    found = find_drift(runs, alpha=0.01)
    assert [one.camera for one in found.moved] == ["01"]
    assert max(max(one.changes[0].shift_error_px) for one in found.cameras) < 0.2


def test_two_runs_with_landmarks_are_needed() -> None:
    runs, _ = runs_of(3, IDEAL, ({},), cameras=3)
    with pytest.raises(ValueError, match="at least two runs"):
        find_drift(runs[:1], alpha=0.01)
    with pytest.raises(ValueError, match="run empty: fewer than 3 cameras"):
        find_drift([runs[0], RunEvidence("empty", RigEvidence(()))], alpha=0.01)


def test_json_has_only_plain_values() -> None:
    import json

    runs, _ = runs_of(3, IDEAL, ({2: ("turn", 2.0)},))
    text = json.dumps(drift_json(find_drift(runs, alpha=0.01)), allow_nan=False)
    assert json.loads(text)["cameras"][2]["changes"][0]["cause"] == "turn"
