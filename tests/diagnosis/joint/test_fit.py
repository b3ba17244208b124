"""The joint estimate against planted faults (OpenCV), finite differences, SciPy and Monte Carlo."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.special
import scipy.stats
from joint_rigs import IDEAL, KINDS, NOISY, REALISTIC, Conditions, joint_evidence, perturbed, ring
from planted_rigs import head, project

from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.chi_square import log_tail, median, standard_errors
from renderkit.diagnosis.joint.decide import SlipTest, has_amount
from renderkit.diagnosis.joint.decide import tests_of as slip_tests_of
from renderkit.diagnosis.joint.estimate import CameraPriors, Priors, estimate
from renderkit.diagnosis.joint.noise import LEAVES, RETURNS, inlier_probabilities
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import NUM_LOCAL, PARAMETERS, SLIPS, linearise
from renderkit.diagnosis.joint.sentences import finding_sentence, gauge_sentence
from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.view_evidence import RigEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose


@pytest.mark.parametrize("kind", KINDS)
def test_a_faulty_camera_is_found_with_its_cause_and_size(kind: str) -> None:
    found = fit_joint(joint_evidence(np.random.default_rng(3), IDEAL, cameras=8, faults={2: (kind, 1.0)}))
    assert [one.camera for one in found.findings] == ["02"]
    finding = found.findings[0]
    assert kind in finding.cannot_tell
    assert finding.explained
    assert finding.size_px == pytest.approx(1.0, abs=max(4.0 * finding.size_error_px, 0.1))


def test_every_planted_kind_is_a_slip() -> None:
    assert set(KINDS) <= {slip.name for slip in SLIPS}


@pytest.mark.parametrize("conditions", [IDEAL, NOISY])
@pytest.mark.parametrize("seed", range(4))
def test_a_clean_rig_is_not_accused(conditions: Conditions, seed: int) -> None:
    found = fit_joint(joint_evidence(np.random.default_rng(seed), conditions, cameras=8, frames=2))
    assert found.findings == ()
    assert "none of 8 cameras" in found.sentence


def test_two_faulty_cameras() -> None:
    faults = {1: ("roll", 1.5), 6: ("principal point", 1.5)}
    found = fit_joint(joint_evidence(np.random.default_rng(9), IDEAL, cameras=9, faults=faults))
    assert sorted(one.camera for one in found.findings) == ["01", "06"]


def test_the_smallest_roll_is_one_family() -> None:
    found = fit_joint(joint_evidence(np.random.default_rng(4), IDEAL, cameras=8, faults={3: ("roll", 1.0)}))
    finding = found.findings[0]
    assert finding.cause == "roll"
    assert set(finding.amounts) == {"roll"}
    assert "deg" in finding.sentence


def test_a_shift_is_one_honest_class() -> None:
    found = fit_joint(joint_evidence(np.random.default_rng(4), IDEAL, cameras=8, faults={3: ("turn", 0.6)}))
    finding = found.findings[0]
    assert {"turn", "principal point"} <= set(finding.cannot_tell)
    assert "its projections lie" in finding.sentence


def test_covariance_agrees_with_monte_carlo() -> None:
    """Sizes of two faults in one rig miss the truth by their standard errors."""
    values = []
    for seed in range(8):
        faults = {2: ("turn", 1.5), 5: ("roll", 1.5)}
        rng = np.random.default_rng(300 + seed)
        found = fit_joint(joint_evidence(rng, IDEAL, cameras=7, frames=1, landmarks=40, faults=faults))
        assert {one.camera for one in found.findings} == {"02", "05"}
        values += [(one.size_px - 1.5) / one.size_error_px for one in found.findings]
    # 16 squared normal values: 0.001 and 0.999 points of their mean.
    low, high = scipy.stats.chi2.ppf((0.001, 0.999), 16) / 16
    assert low < float(np.mean(np.square(values))) < high


@pytest.mark.parametrize("held_px", [0.02, 50.0])
def test_a_held_camera_has_the_score_of_a_free_one(held_px: float) -> None:
    """Squared estimates of healthy cameras are as large as stated, whether a prior holds the camera or not."""
    squares = []
    for seed in range(3):
        seen = observe(joint_evidence(np.random.default_rng(seed), IDEAL, cameras=6, frames=2, landmarks=40))
        assert seen is not None
        exact = Priors(1e-5, 1e-5, 1e-5, 1e-4)
        found = estimate(seen, CameraPriors(np.full((6, NUM_LOCAL), held_px), np.ones(6)), exact)
        for camera in found.cameras:
            test = slip_tests_of(camera, np.full(NUM_LOCAL, 1e-3))
            squares.append(test.total / test.rank)
    assert float(np.mean(squares)) == pytest.approx(1.0, abs=0.3)


def test_derivatives_are_those_of_opencv() -> None:
    rng = np.random.default_rng(0)
    shot, points = ring(rng, 3)[1], head(rng)[0][:20]
    camera = Camera.from_opencv(shot.K, shot.D, Pose(shot.R, shot.t), shot.size)
    found = linearise(camera, points)
    for kind, index in (("roll", 2), ("focal length", 6), ("step along the axis", 5), ("lens distortion k1", 9)):
        other = perturbed(shot, kind, 1e-3, points, np.random.default_rng(1))
        numeric = project(other, points) - project(shot, points)
        exact = found.by_camera[:, :, index]
        scale = float((numeric * exact).sum() / (exact * exact).sum())
        np.testing.assert_allclose(numeric, scale * exact, atol=2e-6)
        assert PARAMETERS[index]
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1e-6
        numeric = (project(shot, points + step) - project(shot, points - step)) / 2e-6
        np.testing.assert_allclose(found.by_point[:, :, axis], numeric, atol=1e-3)


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 11])
@pytest.mark.parametrize("x", [0.3, 4.0, 40.0, 600.0, 1300.0])
def test_chi_square_tail_is_that_of_scipy(degrees: int, x: float) -> None:
    assert log_tail(x, degrees) == pytest.approx(scipy.stats.chi2.logsf(x, degrees), rel=2e-3)


@pytest.mark.parametrize("log_p", [-0.05, -1.0, -6.0, -18.0, -45.0, -300.0])
def test_standard_errors_are_those_of_scipy(log_p: float) -> None:
    assert standard_errors(log_p) == pytest.approx(-scipy.special.ndtri_exp(log_p - math.log(2.0)), rel=1e-9)


@pytest.mark.parametrize("degrees", [2, 8, 11])
def test_chi_square_median_is_that_of_scipy(degrees: int) -> None:
    assert median(degrees) == pytest.approx(scipy.stats.chi2.median(degrees), rel=0.02)


OUTLINES = Conditions(mattes=True, landmarks=False)


def test_outlines_alone_find_a_shift() -> None:
    evidence = joint_evidence(np.random.default_rng(6), OUTLINES, cameras=8, frames=2, faults={4: ("turn", 1.0)})
    found = fit_joint(evidence)
    assert [one.camera for one in found.findings] == ["04"]
    finding = found.findings[0]
    assert "turn" in finding.cannot_tell
    # A turn that moves what lies in the middle by 1 px.
    assert float(np.hypot(*finding.shift_px)) == pytest.approx(1.0, abs=0.15)


def test_outlines_alone_do_not_accuse_a_clean_rig() -> None:
    conditions = Conditions(mattes=True, landmarks=False, edge_px=0.5, mesh=(0.01, 0.002), hairy=0.3, dilation_px=0.3)
    found = fit_joint(joint_evidence(np.random.default_rng(8), conditions, cameras=10, frames=2))
    assert found.findings == ()


def test_every_camera_has_a_delta_with_covariance() -> None:
    found = fit_joint(joint_evidence(np.random.default_rng(6), OUTLINES, cameras=6, frames=1))
    assert len(found.deltas) == 6
    for delta in found.deltas:
        assert np.isfinite(delta.covariance).all()
        assert (np.linalg.eigvalsh(delta.covariance) > 0.0).all()


@pytest.mark.parametrize("cameras", [2, 3])
def test_too_few_cameras_cannot_be_told(cameras: int) -> None:
    evidence = joint_evidence(np.random.default_rng(1), IDEAL, cameras=cameras, frames=1)
    found = fit_joint(evidence)
    assert found.findings == ()
    assert found.reason


def test_alpha_is_checked() -> None:
    with pytest.raises(ValueError, match="0 < alpha < 1"):
        fit_joint(RigEvidence(()), alpha=0.0)


def test_the_diagnosis_of_a_rig_takes_the_false_alarm_rate() -> None:
    evidence = joint_evidence(np.random.default_rng(1), IDEAL, cameras=5, frames=1)
    assert "false alarm rate 20 % per rig" in diagnose_rig(evidence, alpha=0.2).cameras_sentence


@pytest.mark.parametrize("kind", ["step along the axis", "focal length"])
@pytest.mark.parametrize("conditions", [IDEAL, OUTLINES], ids=["landmarks", "outlines"])
def test_a_large_fault_has_its_amount(kind: str, conditions: Conditions) -> None:
    """Linear about the wrong calibration alone, it would be off by a few percent, which is many standard errors."""
    planted: dict[int, dict[str, float]] = {}
    evidence = joint_evidence(
        np.random.default_rng(12), conditions, cameras=8, frames=2, faults={2: (kind, 6.0)}, planted_amounts=planted
    )
    finding = fit_joint(evidence).findings[0]
    assert finding.cause == kind
    for name, amount in finding.amounts.items():
        assert amount == pytest.approx(planted[2][name], abs=3.5 * finding.amount_errors[name])


def test_an_outline_that_is_far_aside_is_compared_with_a_bent_one() -> None:
    """Along its normals a shifted outline is not shifted evenly: taken so, the true slip leaves more than noise."""
    evidence = joint_evidence(np.random.default_rng(3), OUTLINES, cameras=12, frames=2, faults={3: ("turn", 8.0)})
    finding = fit_joint(evidence).findings[0]
    assert {"turn", "principal point"} <= set(finding.cannot_tell)
    assert finding.explained


def test_strays_comeinlier_probabilities_around_the_curve() -> None:
    """Against products of transfer matrices around the circle."""
    odds = np.random.default_rng(5).gamma(0.7, 2.0, size=(1, 2, 60))
    found = inlier_probabilities(odds)
    step = np.array([[1.0 - LEAVES, LEAVES], [RETURNS, 1.0 - RETURNS]])
    for frame in range(2):
        for place in range(60):
            product = np.eye(2)
            for index in range(60):
                product = product @ np.diag([odds[0, frame, (place + index) % 60], 1.0]) @ step
                product /= product.sum()
            assert found[0, frame, place] == pytest.approx(product[0, 0] / np.trace(product), abs=1e-4)


@pytest.mark.parametrize("faults", [{}, {3: ("roll", 1.5)}], ids=["no camera off", "one camera off"])
@pytest.mark.parametrize("seed", [1, 2, 9])
def test_a_scan_of_another_shape_accuses_no_camera(seed: int, faults: dict[int, tuple[str, float]]) -> None:
    bumps = np.random.default_rng(seed + 100)
    directions = bumps.normal(size=(60, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    heights = bumps.normal(size=60)

    def stale(vertices: np.ndarray) -> np.ndarray:
        """Bumps of 1 mm: narrower than the smooth errors of shape that are estimated."""
        units = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
        waves = np.exp((units @ directions.T - 1.0) / 0.25**2) @ heights
        return np.asarray(vertices * (1.0 + 0.01 * waves / np.std(waves))[:, None])

    conditions = Conditions(mattes=True, edge_px=0.03)
    seen = joint_evidence(
        np.random.default_rng(seed), conditions, frames=1, landmarks=37, faults=faults, mesh_fault=stale
    )
    assert {one.camera for one in fit_joint(seen).findings} == {f"{index:02d}" for index in faults}


def test_sizes_say_what_they_count_from() -> None:
    """A fault of every camera is one of none: what is told of one is its distance from the others."""
    one = joint_evidence(np.random.default_rng(3), IDEAL, cameras=8, faults={2: ("roll", 2.0)})
    words = "sizes count from what the other cameras agree on"
    found = fit_joint(one)
    assert words in found.untold
    assert "more cameras may be off" not in found.untold
    assert words not in fit_joint(joint_evidence(np.random.default_rng(3), IDEAL, cameras=8)).untold
    assert "by 0.8 px themselves, so more cameras may be off" in gauge_sentence(found.findings, 0.8)


def test_no_amount_is_told_where_the_corrected_camera_has_none() -> None:
    slip = next(one for one in SLIPS if one.name == "lens distortion k1")
    known, unknown = (SlipTest(slip, square, np.array([square**0.5]), np.eye(1)) for square in (40.0, 3.0))
    assert has_amount(known)
    assert not has_amount(unknown)
    finding = replace(fit_joint(_rolled()).findings[0], size_px=float("nan"), size_error_px=float("nan"))
    assert "does not tell by how much: roll" in finding_sentence(finding).sentence
    unclear = replace(finding, cannot_tell=tuple(slip.name for slip in SLIPS[:12]))
    assert finding_sentence(unclear).sentence.endswith("too little to tell which of 12 causes it is")
    assert gauge_sentence([finding], 0.1) == ""


def _rolled() -> RigEvidence:
    return joint_evidence(np.random.default_rng(3), IDEAL, cameras=8, faults={2: ("roll", 2.0)})


@pytest.mark.parametrize("conditions", [IDEAL, Conditions(mattes=True)])
@pytest.mark.parametrize("kind", ["principal point", "roll", "focal length"])
def test_the_noise_of_few_cameras_is_not_taken_for_less(conditions: Conditions, kind: str) -> None:
    """Six cameras and one frame leave half of the landmarks' numbers as degrees of freedom: 0.3 px is not 0.15 px."""
    rng = np.random.default_rng(17)
    found = fit_joint(joint_evidence(rng, conditions, cameras=6, frames=1, faults={2: (kind, 1.0)}))
    (finding,) = found.findings
    assert (finding.camera, finding.cause != "several parameters") == ("02", True)
    assert all(0.2 < noise < 0.4 for noise in found.noise_px.values())


def test_two_cameras_that_hide_each_other_are_named() -> None:
    """With one of them taken for healthy the healthy scatter is so large that the other may be healthy too."""
    poor = replace(REALISTIC, mattes=True, marked=0.25, edge_px=0.5, mesh=(0.0175, 0.002), mesh_m=0.001, hairy=1 / 3)
    rng = np.random.default_rng((7002, 9, 8, 4000, 2, 0))
    hidden = [int(index) for index in rng.permutation(12)[:2]]
    faults = dict.fromkeys(hidden, ("pitch", 4.0))
    found = fit_joint(joint_evidence(rng, replace(poor, dilation_px=0.3), cameras=12, frames=2, faults=faults))
    assert {one.camera for one in found.findings} == {f"{index:02d}" for index in hidden}


FEW = Conditions(noise_px=0.5)


@pytest.mark.parametrize("kind", ["roll", "focal length", "principal point"])
def test_the_simplest_cause_comes_first_with_four_cameras_and_one_frame(kind: str) -> None:
    found = fit_joint(joint_evidence(np.random.default_rng(10), FEW, cameras=4, frames=1, faults={0: (kind, 10.0)}))
    (finding,) = found.findings
    assert finding.camera == "00"
    assert kind in finding.cannot_tell
    assert finding.family in {"roll", "scale", "shift"}
    assert finding.explained


@pytest.mark.parametrize("seed", range(4))
def test_four_views_of_a_landmark_keep_its_noise(seed: int) -> None:
    """Seven numbers of a landmark in eight: a bias that is told from noise by one number would take it all."""
    found = fit_joint(joint_evidence(np.random.default_rng(seed), FEW, cameras=4, frames=1))
    assert found.findings == ()
    assert 0.4 < found.noise_px["landmarks"] < 0.6


def test_a_camera_is_off_and_nothing_tells_which() -> None:
    rng = np.random.default_rng([77, 4])
    fault = {int(rng.integers(4)): ("principal point", 3.0)}
    found = fit_joint(joint_evidence(rng, FEW, cameras=4, frames=1, landmarks=40, faults=fault))
    assert found.findings == ()
    assert "at least one is off, and the evidence of 4 does not tell which" in found.sentence
    assert "more cameras" in found.sentence
    assert "no camera" not in found.sentence


def test_small_rigs_say_which_shifts_are_not_found() -> None:
    few = fit_joint(joint_evidence(np.random.default_rng(1), FEW, cameras=4, frames=1, landmarks=12))
    assert "shifts of one camera below about" in few.untold
    many = fit_joint(joint_evidence(np.random.default_rng(1), FEW, cameras=10, frames=3))
    assert "shifts of one camera" not in many.untold
