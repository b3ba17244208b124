"""The first lines of a run: is it good, which camera, how bad, why, what next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.metrics.board import BoardScore
from renderkit.metrics.mask import MaskScore
from renderkit.metrics.scored_view import INCOMPARABLE
from renderkit.results.causes import (
    group_causes,
    list_cameras,
    not_checked,
    suspect_cameras,
    unchecked_cameras,
    worst_first,
)
from renderkit.results.diagnosis import CameraFault, Diagnosis, RigFit
from renderkit.results.explanation import CameraExplanation
from renderkit.results.findings import JudgedCamera, RigFindings
from renderkit.results.headline import headline_of
from renderkit.results.report import Report
from renderkit.results.scores import Scores

MakeReport: TypeAlias = Callable[..., Report]
FIT = RigFit(0.4, 0.02, 0.95, 0.99)
FITS = Diagnosis("fits", "the rig as a whole fits", FIT, FIT)


def _fault(camera: str, size_px: float, *, cause: str = "turn") -> CameraFault:
    told = f"camera {camera}: its projections lie {size_px:g} px too far left"
    return CameraFault(camera, cause, ("turn", "principal point"), "shift", size_px, 0.1, True, told)


def _answers(report: Report) -> dict[str, str]:
    answers = dict(headline_of(report).answers)
    assert len(answers) == 4
    assert all(text.endswith(".") for text in answers.values()), answers
    return answers


def test_every_question_has_an_answer_where_nothing_can_be_told(make_report: MakeReport) -> None:
    unknown = make_report({"a": math.nan, "b": math.nan})
    alone = make_report({"a": 1.0})
    for report in (unknown, replace(unknown, diagnosis=FITS), replace(unknown, rows=()), alone):
        assert all(_answers(report).values())
    assert _answers(unknown)["how bad"] == "Not known: nothing was measured."
    fits = replace(make_report({"a": 1.0, "b": 1.1, "c": 1.2}), diagnosis=replace(FITS, sentence=""))
    assert _answers(fits)["why, probably"] == "There is nothing to explain."


def test_a_clean_rig_fits_and_a_rig_that_nobody_diagnosed_is_not_said_to(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 1.05, "c": 1.1})
    headline = headline_of(replace(report, diagnosis=FITS))
    assert (headline.state, headline.word, headline.camera) == ("good", "FITS", "c")
    assert headline_of(report).word == "CANNOT TELL"
    assert headline_of(report).state == "unsure"


def test_two_cameras_that_agree_are_not_said_to_disagree(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 1.05})
    assert headline_of(replace(report, diagnosis=FITS)).who == "None stands out; camera b agrees least."
    assert headline_of(report).who == "Two cameras that disagree do not say which of them is off."


def test_a_rig_without_a_mesh_that_cannot_be_judged_is_offered_one(make_report: MakeReport) -> None:
    findings = RigFindings("mattes", "cannot tell", "too few cameras")
    told = replace(FITS, verdict="cannot tell", evidence=(findings,))
    headline = headline_of(replace(make_report({"a": math.nan, "b": math.nan}), diagnosis=told))
    assert headline.next_step == "Give what is said to be missing, or a mesh (--mesh FILE), and validate again."


def test_an_error_of_all_cameras_is_corrected_in_all(make_report: MakeReport) -> None:
    shared = CameraFault("", "roll", ("roll",), "roll", 3.0, 0.1, True, "all 3 cameras alike: roll")
    told = Diagnosis("does not fit", f"{shared.sentence}; as stated: bad", FIT, FIT, common=shared)
    report = make_report({"a": 1.0, "b": 1.05, "c": 1.1})
    assert headline_of(replace(report, diagnosis=told)).next_step.startswith("Correct all cameras as stated")
    beside = replace(told, sentence="nothing fits", others=(shared.sentence,))
    assert headline_of(replace(report, diagnosis=beside)).next_step.startswith("No usual misreading")


def test_a_mesh_that_is_off_is_moved(make_report: MakeReport) -> None:
    bad, good = replace(FIT, residual_px=6.7), replace(FIT, residual_px=0.4)
    moved = Diagnosis("does not fit", "the mesh and its 3D landmarks are off", bad, good)
    report = make_report({"a": 1.0, "b": 1.05, "c": 1.1})
    assert headline_of(replace(report, diagnosis=moved)).next_step.startswith("Move the mesh and its 3D landmarks")
    tried = replace(moved, num_tried=2653)
    assert headline_of(replace(report, diagnosis=tried)).next_step.startswith("No usual misreading")


def test_a_shift_of_all_cameras_that_need_not_be_theirs_is_no_good_rig(make_report: MakeReport) -> None:
    causes = ("turn", "landmark detections")
    shared = CameraFault("", "turn", causes, "shift", 1.0, 0.1, True, "all 3 cameras alike: 1 px too far left")
    told = replace(FITS, common=shared, others=(shared.sentence,))
    headline = headline_of(replace(make_report({"a": 1.0, "b": 1.05, "c": 1.1}), diagnosis=told))
    assert (headline.state, headline.word) == ("unsure", "FITS, ALL SHIFTED")
    assert headline.why == "All 3 cameras alike: 1 px too far left."
    assert headline.next_step.startswith("Look at overlays")


def test_what_all_share_and_is_no_shift_comes_before_cameras_that_stand_out(make_report: MakeReport) -> None:
    causes = ("lens distortion k1", "size or shape of the subject")
    shared = CameraFault("", causes[0], causes, "lens", 1.0, 0.1, True, "all 10 cameras alike: their lens is wrong")
    report = make_report({f"{index:02}": 1.0 + 0.01 * index for index in range(9)} | {"bad": 7.0})
    assert headline_of(replace(report, diagnosis=FITS)).word == "1 CAMERA STANDS OUT"
    headline = headline_of(replace(report, diagnosis=replace(FITS, common=shared, others=(shared.sentence,))))
    assert (headline.state, headline.word) == ("unsure", "FITS, ALL OFF ALIKE")
    assert headline.verdict == "The rig fits, but all 10 cameras share an error that need not be theirs."
    assert headline.why == "All 10 cameras alike: their lens is wrong."
    assert headline.next_step.startswith("Give what tells cameras from the subject")


def test_a_camera_whose_gate_failed_comes_before_those_that_deviate_more(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 1.05, "c": 1.1})
    gate = judge(report, [parse_gate("reprojection_rms_px <= 0.5 for a")])
    assert [one.camera for one in worst_first(report)] == ["c", "b", "a"]
    assert [one.camera for one in worst_first(replace(report, gates=gate))] == ["a", "c", "b"]


def test_cameras_without_any_number_are_never_part_of_a_good_rig(make_report: MakeReport) -> None:
    report = replace(make_report({"a": 1.0, "b": 1.05, "c": math.nan}), diagnosis=FITS)
    headline = headline_of(report)
    assert unchecked_cameras(report) == ("c",)
    assert (headline.state, headline.word) == ("unsure", "FITS, 1 NOT CHECKED")
    assert "camera c" in headline.next_step


def test_one_bad_camera_is_named_with_size_cause_and_what_to_do(make_report: MakeReport) -> None:
    report = make_report({f"{index:02}": 1.0 for index in range(9)} | {"bad": 7.0})
    report = replace(report, diagnosis=replace(FITS, cameras=(_fault("bad", 7.0),)))
    headline, answers = headline_of(report), _answers(report)
    assert (headline.state, headline.word, headline.camera) == ("bad", "1 CAMERA OFF", "bad")
    assert headline.verdict == "1 of 10 cameras is off; the rig as a whole fits, and the run passes."
    slight = headline_of(replace(report, diagnosis=replace(FITS, cameras=(_fault("bad", 0.4),))))
    assert (slight.state, slight.word) == ("unsure", "1 CAMERA OFF")
    assert answers["how bad"].startswith("Camera bad: 7.00 +/- 0.10 px on the subject.")
    assert "rig's median 1.00 px" in answers["how bad"]
    assert answers["why, probably"] == "Its projections lie 7 px too far left."
    assert answers["what next"] == "Calibrate camera bad again, or leave it out (--cameras '!bad')."


def test_a_rig_that_does_not_fit_is_said_before_any_camera(make_report: MakeReport) -> None:
    worse = Diagnosis("does not fit", "translations need a factor 0.001", RigFit(220.0, 1.0, 0.0, 0.0), FIT, ("x",))
    report = replace(make_report({"a": 220.0, "b": 221.0}), diagnosis=worse)
    headline = headline_of(report)
    assert (headline.state, headline.word) == ("bad", "DOES NOT FIT")
    assert headline.who == "All 2 cameras, not single ones."
    assert headline.size == "Median landmark error 220 px, coarse IoU 0.00."
    assert group_causes(report)[0].kind == "rig"


@pytest.mark.parametrize("gates", [(), ("iou >= 0.9",)])
def test_nothing_computable_is_never_a_pass(make_report: MakeReport, gates: tuple[str, ...]) -> None:
    for report in (make_report({}), make_report({"a": math.nan})):
        judged = replace(report, gates=judge(report, [parse_gate(gate) for gate in gates]))
        assert (headline_of(judged).state, headline_of(judged).word) == ("bad", "NOTHING CHECKED")


@pytest.mark.parametrize(
    ("gate", "word", "words"),
    [
        ("reprojection_rms_px <= 9", "PASS", "2 of 2 checks passed."),
        ("reprojection_rms_px <= 1.5", "FAIL", "1 of 2 checks passed; 1 failed."),
        ("iou >= 0.9", "FAIL", "0 of 2 checks passed; 2 could not be computed."),
    ],
)
def test_with_gates_the_verdict_is_theirs(make_report: MakeReport, gate: str, word: str, words: str) -> None:
    report = make_report({"a": 1.0, "b": 2.0})
    headline = headline_of(replace(report, gates=judge(report, [parse_gate(gate)])))
    assert (headline.word, headline.verdict) == (word, words)


def test_a_camera_without_landmarks_is_not_said_to_be_wrong(make_report: MakeReport) -> None:
    gate = parse_gate("reprojection_rms_px <= 1.5")
    report = make_report({"a": 1.0, "b": 7.0, "c": math.nan, "d": 1.0})
    headline = headline_of(replace(report, gates=judge(report, [gate])))
    assert (headline.camera, headline.who) == ("b", "Camera b. Camera c could not be checked.")
    assert headline.size.startswith("Gate reprojection_rms_px <= 1.5 fails: ")
    assert headline.next_step == "Calibrate camera b again, or leave it out (--cameras '!b')."
    report = make_report({"a": 1.0, "b": 1.0, "c": math.nan})
    headline = headline_of(replace(report, gates=judge(report, [gate])))
    assert (headline.camera, headline.who) == ("c", "Camera c could not be checked.")
    assert headline.next_step == "Give what is missing for camera c, or limit the gate to the others (`for CAMERAS`)."


def test_suspect_is_what_the_diagnosis_names_what_stands_out_and_what_fails_a_gate(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 1.02, "c": math.nan, "d": 0.98, "high": 1.1, "far": 30.0})
    assert suspect_cameras(report) == {"far"}
    judged = replace(report, gates=judge(report, [parse_gate("reprojection_rms_px <= 1.05")]))
    assert suspect_cameras(judged) == {"far", "high"}
    named = replace(judged, diagnosis=replace(FITS, cameras=(_fault("a", 2.0),)))
    assert suspect_cameras(named) == {"far", "high", "a"}


def test_failed_views_without_gates(make_report: MakeReport) -> None:
    headline = headline_of(make_report({"a": 1.0}, failed={"b": "corrupt JPEG", "c": "corrupt JPEG"}))
    assert (headline.state, headline.word) == ("bad", "2 VIEWS FAILED")
    assert (headline.who, headline.why) == ("Cameras b and c.", "Corrupt JPEG.")


def test_a_camera_that_evidence_without_a_mesh_names_is_not_the_whole_rig(make_report: MakeReport) -> None:
    nothing = RigFit(math.nan, math.nan, math.nan, math.nan)
    off = JudgedCamera(
        "bad", True, 1.5, 0.04, (1.2, 0.9), (0.04, 0.04), 68, 1.0, "camera bad: a shift", "turn", ("turn",)
    )
    points = RigFindings("points", "does not fit", "1 of 4 cameras is off: bad", (off,))
    told = Diagnosis("does not fit", "points: 1 of 4 cameras is off: bad", nothing, nothing, evidence=(points,))
    report = replace(make_report({"a": 1.0, "b": 1.0, "c": 1.0, "bad": 2.5}), diagnosis=told)
    headline = headline_of(report)
    assert (headline.word, headline.verdict) == ("1 CAMERA OFF", "1 of 4 cameras is off.")
    assert [group.kind for group in group_causes(report)] == ["camera"]
    assert suspect_cameras(report) == {"bad"}
    # Where the evidence contradicts the rig and names nobody, it is the rig; a mesh that does not fit speaks of all.
    nobody = replace(told, evidence=(replace(points, cameras=()),))
    for whole in (nobody, replace(told, before=FIT)):
        assert headline_of(replace(report, diagnosis=whole)).word == "DOES NOT FIT"


def test_of_three_cameras_without_a_mesh_none_is_said_to_be_right(make_report: MakeReport) -> None:
    nothing = RigFit(math.nan, math.nan, math.nan, math.nan)
    points = RigFindings("points", "does not fit", "the cameras do not agree")
    told = Diagnosis("does not fit", "points: the cameras do not agree", nothing, nothing, evidence=(points,))
    three, four = (replace(make_report(dict.fromkeys(names, 1.0)), diagnosis=told) for names in ("abc", "abcd"))
    assert headline_of(three).who == "One of 3 cameras or all: fewer than 4 do not tell."
    assert headline_of(four).who == "All 4 cameras, not single ones."


def test_a_camera_that_no_evidence_could_judge_is_not_checked(make_report: MakeReport) -> None:
    def judged(name: str, informative: float) -> JudgedCamera:
        return JudgedCamera(name, False, 0.1, 0.1, (0.1, 0.0), (0.1, 0.1), 60, informative, f"camera {name}: told")

    board = RigFindings("board", "fits", "none of 2 cameras is off", (judged("a", 1.0), judged("b", 1.0)))
    told = Diagnosis("fits", "board", FIT, FIT, evidence=(board,))
    report = replace(make_report({"a": math.nan, "b": math.nan}), diagnosis=told)
    score = BoardScore(np.full((8, 2), 0.1), np.linspace(0.1, 0.9, 16).reshape(8, 2))
    report = replace(report, rows=tuple(row.with_scores({"board_fit": score}, {}) for row in report.rows))
    assert unchecked_cameras(report) == ()
    some = replace(board, cameras=(judged("a", 1.0), judged("b", 0.0)))
    assert unchecked_cameras(replace(report, diagnosis=replace(told, evidence=(some,)))) == ("b",)
    both = replace(told, evidence=(some, replace(board, evidence="mattes")))
    assert unchecked_cameras(replace(report, diagnosis=both)) == ()


def test_numbers_of_a_mesh_are_no_gap_where_other_evidence_judges(make_report: MakeReport) -> None:
    report = make_report({"a": math.nan, "b": math.nan})
    assert not_checked(report)
    told = Diagnosis("fits", "board", FIT, FIT, evidence=(RigFindings("board", "fits", "none is off"),))
    assert all(gap.reason != "the capture has no mask" for gap in not_checked(replace(report, diagnosis=told)))


def test_equal_causes_and_reasons_are_one_line_with_a_count(make_report: MakeReport) -> None:
    errors = {f"{index:02}": 1.0 for index in range(20)} | {"p": 30.0, "q": 31.0, "x": 9.0, "y": 9.1}
    report = make_report(errors, failed={"d": "broken", "e": "broken", "f": "gone"})
    told = tuple(CameraExplanation(name, "scan", "shift", "shifted", 9.0, 0.4, "px") for name in ("x", "y"))
    faults = (_fault("p", 30.0), _fault("q", 31.0, cause="principal point"))
    report = replace(report, explanations=told, diagnosis=replace(FITS, cameras=faults))
    groups = group_causes(report)
    assert [(group.kind, group.cameras) for group in groups] == [
        ("failed", ("d", "e")), ("failed", ("f",)), ("camera", ("p", "q")), ("outlier", ("x", "y")),
    ]  # fmt: skip
    assert (groups[0].title, groups[0].count) == ("broken", "2 views, 2 cameras")
    # Both cameras allow the same causes: which is likeliest in each does not part them.
    assert groups[2].title == "principal point (or turn)"
    (gap,) = not_checked(report)
    assert (gap.views, gap.reason) == (24, "the capture has no mask")
    order = [summary.camera for summary in worst_first(report)]
    assert set(order[:3]) == {"d", "e", "f"}
    assert order[3:7] == ["q", "p", "y", "x"]


def test_views_that_failed_for_one_reason_are_one_line_though_their_files_differ(make_report: MakeReport) -> None:
    messages = {str(n): f"masks/{n}.png: the matte has 9 x 9 px, camera {n} has 8 x 8; crop it" for n in range(3)}
    report = make_report({"a": 1.0}, failed=messages | {"7": "masks/7.png: no PNG"})
    rows = tuple(replace(row, failure=row.failure and replace(row.failure, type="DatasetError")) for row in report.rows)
    groups = [group for group in group_causes(replace(report, rows=rows)) if group.kind == "failed"]
    assert [group.cameras for group in groups] == [("0", "1", "2"), ("7",)]
    assert groups[0].title.startswith("the matte has 9 x 9 px")
    assert groups[0].detail.endswith("; first masks/0.png")
    assert groups[1].title == "masks/7.png: no PNG"


def test_many_names_are_cut_and_their_count_is_not() -> None:
    assert list_cameras([str(index) for index in range(100)]).endswith("and 93 more")
    assert list_cameras(["2", "10"]) == "cameras 2 and 10"


def test_what_to_correct_is_what_the_readings_say(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 1.05, "c": 1.1})
    told = Diagnosis("does not fit", "all 3 cameras: landmarks are normalised", FIT, FIT, ("x",), amiss=("landmarks",))
    step = headline_of(replace(report, diagnosis=told)).next_step
    assert step == "Correct the landmarks (--landmarks) as stated, and validate again."
    either = replace(told, amiss=("calibration", "mesh"), alternatives=(("y",),))
    step = headline_of(replace(report, diagnosis=either)).next_step
    assert step.startswith("Correct the calibration file, or how it is read, as stated; or: Move or turn the mesh")


def test_a_mesh_that_is_off_far_is_the_headline(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 1.05, "c": 1.1})
    words = "the mesh is off in frame 0: turned by 6 deg"
    headline = headline_of(replace(report, diagnosis=replace(FITS, mesh=words, others=(words,))))
    assert (headline.state, headline.word) == ("unsure", "FITS, MESH OFF")
    assert headline.why == "The mesh is off in frame 0: turned by 6 deg."
    assert headline.next_step.startswith("Move or fit the mesh anew")


def test_landmarks_that_contradict_each_other_are_in_the_headline(make_report: MakeReport) -> None:
    report = make_report({"a": 1.0, "b": 1.05, "c": 1.1})
    why = f"{INCOMPARABLE}two sets of scheme 'mine' have 68 and 51 landmarks"
    rows = tuple(
        replace(row, scores=Scores(mask=MaskScore(100, 1, 1)), missing={"reprojection": why}) for row in report.rows
    )
    headline = headline_of(replace(report, rows=rows, diagnosis=FITS))
    assert (headline.state, headline.word) == ("unsure", "FITS, LANDMARKS NOT COMPARED")
    assert not replace(report, rows=rows, diagnosis=FITS).passed
    assert headline.next_step.startswith("Correct the landmarks")
    some = (replace(rows[0], missing={"reprojection": "no 2D landmarks were detected"}), *rows[1:])
    assert headline_of(replace(report, rows=some, diagnosis=FITS)).word == "FITS"
    assert replace(report, rows=some, diagnosis=FITS).passed
