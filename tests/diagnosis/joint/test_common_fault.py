"""An error that all cameras share: against OpenCV's projections, dense least squares and SciPy's distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from common_oracle import seen_as
from joint_rigs import IDEAL, REALISTIC, Conditions, joint_evidence

from renderkit.diagnosis.common_answer import CorrectedAlike
from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.common import common_evidence
from renderkit.diagnosis.joint.common_fault import _least_first, _nearer, log_f_tail
from renderkit.diagnosis.joint.decide import SlipTest
from renderkit.diagnosis.joint.estimate import CameraPriors, Priors, estimate
from renderkit.diagnosis.joint.finding import Shown
from renderkit.diagnosis.joint.normal_equations import layout_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import NUM_LOCAL, SLIPS
from renderkit.diagnosis.refine import refine_rig
from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.geometry.rig import Rig

BOTH = Conditions(mattes=True)


@pytest.mark.parametrize(
    ("kind", "slip"),
    [
        ("yaw", "turn"),
        ("roll", "roll"),
        ("aspect fx / fy", "aspect fx / fy"),
        ("lens distortion k1", "lens distortion k1"),
        ("lens distortion p1", "tangential distortion"),
        ("focal length", "focal length"),
    ],
)
def test_a_shared_fault_is_named_with_its_size(kind: str, slip: str) -> None:
    planted: dict[int, dict[str, float]] = {}
    rng = np.random.default_rng(4121)
    evidence = joint_evidence(rng, IDEAL, cameras=10, frames=2, shared=(kind, 3.0), planted_amounts=planted)
    found = fit_joint(evidence)
    assert found.findings == ()
    assert found.common is not None
    assert slip in found.common.cannot_tell
    assert found.common.sentence.startswith("all 10 cameras alike: their ")
    expected = seen_as(evidence, planted[0], tuple(found.common.amounts))
    for name, value in expected.items():
        assert found.common.amounts[name] == pytest.approx(value, abs=3.5 * found.common.amount_errors[name]), name


def test_what_a_single_camera_is_off_by_counts_from_the_corrected_ones() -> None:
    rng = np.random.default_rng(4122)
    evidence = joint_evidence(rng, IDEAL, cameras=10, frames=2, shared=("yaw", 3.0), faults={4: ("roll", 3.0)})
    found = fit_joint(evidence)
    assert found.common is not None
    assert [one.camera for one in found.findings] == ["04"]
    assert found.findings[0].cause == "roll"
    assert found.findings[0].size_px == pytest.approx(3.0, abs=0.3)
    assert "once the error that all share is corrected" in found.untold


def _detected(change: Callable[[ViewEvidence, float], np.ndarray]) -> Callable[[RigEvidence], RigEvidence]:
    def changed(view: ViewEvidence) -> ViewEvidence:
        yaw = float(np.arctan2(view.camera.pose[2, 0], view.camera.pose[2, 2]))
        return view if view.pixels is None else replace(view, pixels=view.pixels + change(view, yaw))

    return lambda evidence: RigEvidence(tuple(changed(view) for view in evidence.views))


def _placed(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[RigEvidence], RigEvidence]:
    return lambda evidence: RigEvidence(
        tuple(v if v.points_world is None else replace(v, points_world=change(v.points_world)) for v in evidence.views)
    )


def _grown(evidence: RigEvidence) -> RigEvidence:
    views = []
    for view in evidence.views:
        assert view.outline is not None
        views.append(replace(view, outline=replace(view.outline, offsets_px=view.outline.offsets_px + 3.0)))
    return RigEvidence(tuple(views))


NO_CAMERAS_FAULT: dict[str, Callable[[RigEvidence], RigEvidence]] = {
    "a detector that lags behind the head's turn": _detected(lambda _, yaw: np.array([3.0 * np.sin(yaw), 0.0])),
    "a detector's bias of each landmark": _detected(
        lambda view, yaw: np.sin(yaw) * np.linspace(-3.0, 3.0, len(view.points_world))[:, None]  # type: ignore[arg-type]
    ),
    "landmarks of a larger subject": _placed(lambda points: 1.03 * points),
    "a subject that stands lower": _placed(lambda points: points + np.array([0.002, 0.004, 0.001])),
    "mattes that are too large": _grown,
}


@pytest.mark.parametrize("name", NO_CAMERAS_FAULT)
def test_what_no_camera_does_is_not_blamed_on_all(name: str) -> None:
    evidence = joint_evidence(np.random.default_rng(4123), BOTH, cameras=10, frames=2)
    assert fit_joint(NO_CAMERAS_FAULT[name](evidence)).common is None


@pytest.mark.parametrize("kind", ["moved", "stretched", "of another moment"])
def test_a_mesh_that_is_off_is_not_blamed_on_all(kind: str) -> None:
    rng = np.random.default_rng(4124)
    changes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "moved": lambda vertices: vertices + np.array([0.002, -0.002, 0.001]),
        "stretched": lambda vertices: vertices * np.array([1.0, 1.03, 1.0]),
        "of another moment": lambda vertices: vertices * (1.0 + 0.03 * np.sin(40.0 * vertices[:, :1])),
    }
    outlines = Conditions(mattes=True, landmarks=False, edge_px=0.2)
    found = fit_joint(joint_evidence(rng, outlines, cameras=10, frames=2, mesh_fault=changes[kind]))
    assert found.common is None


def test_a_rig_without_fault_has_none() -> None:
    for seed in range(3):
        evidence = joint_evidence(np.random.default_rng(4125 + seed), REALISTIC, cameras=10, frames=2)
        assert fit_joint(evidence).common is None


def test_a_motion_of_the_subject_is_the_gauge() -> None:
    """A turn and the step that together keep the subject where it is in every picture are not told from a motion."""
    rng = np.random.default_rng(4126)
    evidence = joint_evidence(rng, IDEAL, cameras=10, frames=2)
    motion = np.array([0.003, 0.004, -0.002])
    views = []
    for view in evidence.views:
        pose = view.camera.pose.copy()
        pose[:, 3] += pose[:, :3] @ motion
        views.append(replace(view, camera=replace(view.camera, pose=pose)))
    assert fit_joint(RigEvidence(tuple(views))).common is None


def _dense(seen: Observations, scales: np.ndarray, noise_weights: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Information about shared numbers of all cameras' landmarks, from the covariance of all rows."""
    layout = layout_of(seen)
    rows, columns = [], []
    for c in range(len(seen.names)):
        for f in range(seen.num_frames):
            for landmark in np.flatnonzero(seen.known[c, f]):
                for axis in range(2):
                    shared = np.zeros(layout.size)
                    shared[6 * f : 6 * f + 6] = seen.by_pose[c, f, landmark, axis]
                    mark = layout.marks.start + 7 * landmark
                    shared[mark : mark + 3] = seen.by_point[c, f, landmark, axis]
                    shared[mark + 3 + axis] = seen.bias[c, f, 0]
                    shared[mark + 5 + axis] = seen.bias[c, f, 1]
                    rows.append((c, f, axis, 1.0 / noise_weights[c, f, landmark], shared))
                    columns.append(seen.by_camera[c, f, landmark, axis])
    design, by_shared = np.array(columns), np.array([row[4] for row in rows])
    covariance = by_shared @ np.diag(1.0 / prior) @ by_shared.T + np.diag([row[3] for row in rows])
    same = np.array([row[0] for row in rows])
    alike = same[:, None] == same[None]
    covariance += np.where(alike, design * scales[same] ** 2 @ design.T, 0.0)
    view = np.array([(row[0] * seen.num_frames + row[1]) * 2 + row[2] for row in rows])
    covariance += np.where(view[:, None] == view[None], 1e-6, 0.0)
    units = np.median(seen.units, axis=0)
    shared_design = design * (units / seen.units)[same]
    information: np.ndarray = shared_design.T @ np.linalg.solve(covariance, shared_design)
    return information


def test_information_is_that_of_the_whole_covariance() -> None:
    """Without its means the common part is generalised least squares on all rows at once."""
    seen = observe(joint_evidence(np.random.default_rng(4127), IDEAL, cameras=5, frames=1, landmarks=12))
    assert seen is not None
    scales = np.full((5, NUM_LOCAL), 0.3)
    found = estimate(seen, CameraPriors(scales, np.ones(5)), Priors())
    assert found.solution is not None
    common = common_evidence(seen, found)
    count = len(common.units)
    prior = found.solution.precisions.shared
    dense = _dense(seen, scales, found.noise.weights, prior)
    assert found.solution.precisions.shift == pytest.approx(1e6)
    own = slice(0, 14)
    np.testing.assert_allclose(common.information[:count, :count][own, own], dense[own, own], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("free", [3, 9, 57])
@pytest.mark.parametrize("statistic", [2.0, 20.0, 200.0])
def test_tail_is_that_of_fisher(count: int, free: int, statistic: float) -> None:
    expected = scipy.stats.f.logsf(statistic / count, count, free)
    assert log_f_tail(statistic, count, free) == pytest.approx(expected, rel=0.04, abs=0.02)


def test_the_rig_does_not_fit_and_refine_leaves_it_alone() -> None:
    evidence = joint_evidence(np.random.default_rng(4128), IDEAL, cameras=10, frames=2, shared=("roll", 3.0))
    found = diagnose_rig(evidence)
    assert found.blocks
    assert found.common is not None
    assert found.common.cause == "roll"
    assert found.sentence.startswith("all 10 cameras alike")
    rig = Rig({name: raw.to_camera() for name, raw in evidence.cameras.items()})
    refined = refine_rig(rig, evidence)
    assert refined.cameras == ()
    assert "all 10 cameras alike" in refined.reason


def test_a_shift_by_landmarks_alone_may_be_the_detector_s() -> None:
    rng = np.random.default_rng(4132)
    evidence = joint_evidence(rng, IDEAL, cameras=10, frames=2, shared=("cx", 1.0), faults={4: ("roll", 3.0)})
    found = diagnose_rig(evidence)
    assert found.common is not None
    assert "landmark detections" in found.common.cannot_tell
    assert found.verdict == "fits"
    assert not found.blocks
    assert any(one.startswith("all 10 cameras alike") for one in found.others)
    refined = refine_rig(Rig({name: raw.to_camera() for name, raw in evidence.cameras.items()}), evidence)
    assert [one.camera for one in refined.cameras] == ["04"]


@pytest.mark.parametrize("mattes", [False, True])
@pytest.mark.parametrize("aside", [(0.3, 0.0), (0.0, 0.3), (0.8, 0.0), (1.0, 1.0)])
def test_a_detector_that_sets_landmarks_aside_fails_no_rig(aside: tuple[float, float], mattes: bool) -> None:
    evidence = joint_evidence(np.random.default_rng(77), Conditions(mattes=mattes), cameras=12, frames=2)
    biased = [
        view if view.pixels is None else replace(view, pixels=view.pixels + np.array(aside)) for view in evidence.views
    ]
    found = diagnose_rig(RigEvidence(tuple(biased)))
    assert (found.verdict, found.readings, found.blocks) == ("fits", (), False)
    assert found.cameras == ()


def _mattes_aside(evidence: RigEvidence, step: tuple[float, float]) -> RigEvidence:
    views = []
    for view in evidence.views:
        assert view.outline is not None
        offsets = view.outline.offsets_px + view.outline.normals @ np.array(step)
        views.append(replace(view, outline=replace(view.outline, offsets_px=offsets)))
    return RigEvidence(tuple(views))


@pytest.mark.parametrize("landmarks", [False, True])
def test_mattes_that_lie_aside_are_no_fault_of_all_cameras_unless_landmarks_say_the_same(landmarks: bool) -> None:
    conditions = Conditions(mattes=True, landmarks=landmarks)
    evidence = joint_evidence(np.random.default_rng(79), conditions, cameras=12, frames=2)
    found = fit_joint(_mattes_aside(evidence, (1.0, 0.0)))
    assert found.common is not None
    assert "placement of the mattes" in found.common.cannot_tell
    assert found.common.size_px == pytest.approx(1.0, abs=0.1)
    assert not found.blames_all
    found = fit_joint(joint_evidence(np.random.default_rng(79), conditions, cameras=12, frames=2, shared=("cx", 1.0)))
    assert found.common is not None
    assert ("placement of the mattes" in found.common.cannot_tell) is not landmarks
    assert found.blames_all is landmarks


@pytest.mark.parametrize(("along", "first"), [(10.0, "turn"), (2.0, "step along the axis")])
def test_a_cause_that_the_subject_hides_does_not_come_before_a_far_smaller_one(along: float, first: str) -> None:
    step, turn = (next(slip for slip in SLIPS if slip.name == name) for name in ("step along the axis", "turn"))
    points = np.random.default_rng(0).uniform(-1.0, 1.0, size=(500, 2))
    displacements = np.zeros((500, 2, NUM_LOCAL))
    displacements[:, :, step.indices[0]] = points * math.sqrt(1.5)
    displacements[:, 0, turn.indices[0]] = displacements[:, 1, turn.indices[1]] = 1.0
    causes = [
        SlipTest(step, 102.0, np.array([along]), np.eye(1)),
        SlipTest(turn, 100.0, np.array([0.8, 0.6]), np.eye(2)),
    ]
    found = _least_first(causes, lambda: Shown("", np.ones(NUM_LOCAL), displacements))
    assert found[0].slip.name == first
    assert len(found) == 2


def test_mattes_that_lie_aside_fail_no_rig() -> None:
    evidence = joint_evidence(np.random.default_rng(79), BOTH, cameras=12, frames=2)
    found = diagnose_rig(_mattes_aside(evidence, (1.0, 0.0)))
    assert (found.verdict, found.readings, found.blocks) == ("fits", (), False)
    assert found.common is not None


def test_outlines_that_lie_far_aside_in_all_cameras_are_theirs() -> None:
    outlines = Conditions(mattes=True, landmarks=False)
    found = fit_joint(joint_evidence(np.random.default_rng(80), outlines, cameras=12, frames=2, shared=("cx", 4.0)))
    assert found.common is not None
    assert found.common.size_px == pytest.approx(4.0, abs=0.1)
    assert {"placement of the mattes", "landmark detections"}.isdisjoint(found.common.cannot_tell)
    assert found.blames_all


@pytest.mark.parametrize(("step", "is_half"), [(0.5, True), (1.0, False)])
def test_half_a_pixel_is_named_where_it_leaves_no_shift(step: float, is_half: bool) -> None:
    evidence = joint_evidence(np.random.default_rng(78), IDEAL, cameras=12, frames=2)
    moved = [view if view.pixels is None else replace(view, pixels=view.pixels - step) for view in evidence.views]
    assert (diagnose_rig(RigEvidence(tuple(moved))).readings == ("half pixel",)) is is_half


def test_a_shift_of_all_is_no_motion_of_the_subject_where_that_fits_worse() -> None:
    evidence = joint_evidence(np.random.default_rng(4140), BOTH, cameras=10, frames=2, shared=("cx", 8.0))
    found = diagnose_rig(evidence)
    assert found.readings == ("pictures cropped",)
    assert found.common is not None
    assert found.common.size_px == pytest.approx(8.0, abs=0.1)
    assert "principal point" in found.common.cannot_tell


def test_outlines_alone_do_not_tell_a_lens_of_all_from_a_mesh_of_another_shape() -> None:
    outlines = Conditions(mattes=True, landmarks=False)
    kinds = {"lens distortion k1": False, "roll": True}
    for kind, is_certain in kinds.items():
        evidence = joint_evidence(np.random.default_rng(4141), outlines, cameras=10, frames=2, shared=(kind, 4.0))
        found = fit_joint(evidence)
        assert found.findings == ()
        assert found.common is not None
        assert found.common.cause == kind
        assert found.blames_all is is_certain
        assert ("size or shape of the subject" in found.common.cannot_tell) is not is_certain


def test_cameras_corrected_alike_fit_better_than_a_wrong_motion_of_the_subject_and_not_than_the_truth() -> None:
    evidence = joint_evidence(np.random.default_rng(4142), BOTH, cameras=10, frames=2, shared=("roll", 4.0))
    alike = CorrectedAlike(lambda: evidence, 0.01)
    lower = _placed(lambda points: points + np.array([0.0, 0.004, 0.0]))(evidence)
    assert alike.fits_better_than(lower)
    assert alike.corrected is not None
    assert not alike.fits_better_than(alike.corrected)


def test_a_subject_that_stands_lower_is_one_of_the_answers() -> None:
    evidence = joint_evidence(np.random.default_rng(4129), IDEAL, cameras=10, frames=2)
    found = diagnose_rig(_placed(lambda points: points + np.array([0.0, 0.004, 0.0]))(evidence))
    assert "the mesh and its 3D landmarks are off" in found.sentence
    assert math.isnan(found.margin) or found.readings == ()


def test_cameras_that_are_corrected_alike_bring_landmarks_and_outlines_nearer() -> None:
    evidence = joint_evidence(np.random.default_rng(4143), BOTH, cameras=10, frames=2, shared=("roll", 4.0))
    corrected = fit_joint(evidence).corrected
    assert corrected is not None
    before, after = observe(evidence), observe(corrected)
    assert before is not None
    assert after is not None
    assert _nearer(before, after) == (True, True)
    assert _nearer(after, before) == (False, False)
    aside = observe(_mattes_aside(evidence, (3.0, 0.0)))
    assert aside is not None
    assert _nearer(aside, before) == (False, True)


def test_an_error_of_all_that_brings_nothing_nearer_is_not_the_cameras(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evidence = joint_evidence(np.random.default_rng(4143), BOTH, cameras=10, frames=2, shared=("roll", 4.0))
    monkeypatch.setattr("renderkit.diagnosis.joint.common_fault._nearer", lambda *_: (False, False))
    assert not fit_joint(evidence).blames_all


@pytest.mark.parametrize("seed", [4150, 4151, 4152])
def test_few_cameras_name_what_all_of_them_share(seed: int) -> None:
    """Five cameras say little about their scatter along one slip; that of all numbers is known."""
    evidence = joint_evidence(np.random.default_rng(seed), IDEAL, cameras=5, frames=1, shared=("roll", 1.0))
    common = fit_joint(evidence).common
    assert common is not None
    assert common.cause == "roll"
    assert fit_joint(joint_evidence(np.random.default_rng(seed), IDEAL, cameras=5, frames=1)).common is None
