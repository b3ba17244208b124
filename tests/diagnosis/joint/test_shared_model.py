"""Single cameras against an error that all share: marginal likelihoods against SciPy's densities, and planted rigs."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from joint_rigs import IDEAL, REALISTIC, Conditions, joint_evidence

from renderkit.diagnosis.joint import fit_joint
from renderkit.diagnosis.joint.decide import decide, max_faulty
from renderkit.diagnosis.joint.estimate import CameraPriors, Priors, estimate
from renderkit.diagnosis.joint.normal_equations import layout_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import ALL_SUBJECT, NUM_LOCAL
from renderkit.diagnosis.joint.shared_model import log_marginal_likelihood, shared_model
from renderkit.diagnosis.joint.solve import Precisions, solve

OUTLINES = Conditions(mattes=True, landmarks=False, edge_px=0.2)
SUBJECT = "size or shape of the subject"


def _log_density(seen: Observations, weights: np.ndarray, values: np.ndarray, precisions: Precisions) -> float:
    """Of the landmarks' errors, from the covariance of all rows."""
    layout = layout_of(seen)
    rows, own, places, variances, targets = [], [], [], [], []
    for camera, frame, landmark in np.argwhere(seen.known):
        for axis in range(2):
            row = np.zeros(layout.size)
            row[6 * frame : 6 * frame + 6] = seen.by_pose[camera, frame, landmark, axis]
            mark = layout.marks.start + 7 * landmark
            row[mark : mark + 3] = seen.by_point[camera, frame, landmark, axis]
            row[mark + 3 + axis], row[mark + 5 + axis] = seen.bias[camera, frame]
            rows.append(row)
            own.append(seen.by_camera[camera, frame, landmark, axis])
            places.append((camera, (camera * seen.num_frames + frame) * 2 + axis))
            variances.append(1.0 / weights[camera, frame, landmark])
            targets.append(values[camera, frame, landmark, axis])
    by_shared, by_own, at = np.array(rows), np.array(own), np.array(places)
    covariance = np.diag(variances) + by_shared @ np.diag(1.0 / precisions.shared) @ by_shared.T
    same = at[:, None, 0] == at[None, :, 0]
    covariance += np.where(same, by_own / precisions.cameras[at[:, 0]] @ by_own.T, 0.0)
    covariance += np.where(at[:, None, 1] == at[None, :, 1], 1.0 / precisions.shift, 0.0)
    return float(scipy.stats.multivariate_normal.logpdf(np.array(targets), cov=covariance))


def test_marginal_likelihoods_differ_as_densities_of_the_evidence_do() -> None:
    seen = observe(joint_evidence(np.random.default_rng(5101), IDEAL, cameras=5, frames=2, landmarks=8))
    assert seen is not None
    found = estimate(seen, CameraPriors(np.full((5, NUM_LOCAL), 0.3), np.ones(5)), Priors())
    assert found.solution is not None
    shared, noise = found.solution.precisions.shared, found.noise
    models = [
        Precisions(np.full((5, NUM_LOCAL), 0.3**-2.0), 4.0, shared),
        Precisions(np.geomspace(0.1, 30.0, 5 * NUM_LOCAL).reshape(5, NUM_LOCAL), 9.0, 2.0 * shared),
    ]
    known = [log_marginal_likelihood(solve(seen, noise, one)) for one in models]
    dense = [_log_density(seen, noise.weights, seen.errors + noise.steps, one) for one in models]
    assert known[1] - known[0] == pytest.approx(dense[1] - dense[0], rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("conditions", [IDEAL, REALISTIC, OUTLINES], ids=["landmarks", "realistic", "outlines"])
@pytest.mark.parametrize(
    ("kind", "causes"),
    [
        ("lens distortion k1", {"lens distortion k1"}),
        ("lens distortion k2", {"lens distortion k1", "lens distortion k2"}),
        ("lens distortion p1", {"tangential distortion"}),
        ("focal length", {"focal length", "step along the axis", SUBJECT}),
        ("yaw", {"turn"}),
    ],
)
def test_no_single_camera_is_named_for_what_all_share(conditions: Conditions, kind: str, causes: set[str]) -> None:
    evidence = joint_evidence(np.random.default_rng(5102), conditions, cameras=10, frames=2, shared=(kind, 3.0))
    found = fit_joint(evidence)
    assert found.findings == ()
    assert found.common is None or not causes.isdisjoint(found.common.cannot_tell)


def test_what_all_share_and_what_would_tell_is_said_where_single_cameras_seemed_off() -> None:
    shared = ("lens distortion k1", 3.0)
    evidence = joint_evidence(np.random.default_rng(5102), OUTLINES, cameras=10, frames=2, shared=shared)
    seen = observe(evidence)
    assert seen is not None
    assert len(decide(seen, Priors(), 0.01, max_faulty(seen)).faulty) >= 2
    found = fit_joint(evidence)
    assert found.findings == ()
    assert found.common is not None
    assert found.common.cannot_tell == ("lens distortion k1", SUBJECT)
    assert not found.blames_all
    assert found.corrected is None
    assert found.common.sentence.startswith("all 10 cameras alike: ")
    assert "landmarks in at least 4 cameras" in found.common.sentence


@pytest.mark.parametrize("conditions", [IDEAL, OUTLINES], ids=["landmarks", "outlines"])
@pytest.mark.parametrize("kinds", [("focal length", "focal length"), ("yaw", "roll"), ("k1", "k1")])
def test_two_cameras_that_are_off_stay_named(conditions: Conditions, kinds: tuple[str, str]) -> None:
    first, second = ("lens distortion k1" if kind == "k1" else kind for kind in kinds)
    faults = {4: (first, 3.0), 2: (second, 3.0)}
    evidence = joint_evidence(np.random.default_rng(5103), conditions, cameras=10, frames=2, faults=faults)
    found = fit_joint(evidence)
    assert {one.camera for one in found.findings} == {"02", "04"}
    assert found.common is None
    seen = observe(evidence)
    assert seen is not None
    assert shared_model(seen, decide(seen, Priors(), 0.01, max_faulty(seen))) is None


def test_a_camera_that_is_off_beside_what_all_share_stays_named() -> None:
    rng = np.random.default_rng(5104)
    shared, faults = ("lens distortion k1", 3.0), {4: ("roll", 4.0)}
    found = fit_joint(joint_evidence(rng, OUTLINES, cameras=10, frames=2, shared=shared, faults=faults))
    assert [one.camera for one in found.findings] == ["04"]
    assert found.common is not None
    assert ALL_SUBJECT in found.common.cannot_tell
