"""A sound rig is answered by fewer rounds; what is found in any other rig is what the full estimate finds."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from joint_rigs import IDEAL, REALISTIC, Conditions, joint_evidence

from renderkit.diagnosis.joint import Priors, fit_joint
from renderkit.diagnosis.joint import estimate as joint_estimate
from renderkit.diagnosis.joint import solve as joint_solve
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.result import JointDiagnosis
from renderkit.diagnosis.joint.screen import screened
from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.view_evidence import RigEvidence

OUTLINES = Conditions(mattes=True)


def _is_quiet(evidence: RigEvidence) -> bool:
    seen = observe(evidence)
    assert seen is not None
    return screened(seen, Priors(), 0.01)[0] is not None


def _said(found: JointDiagnosis) -> tuple[object, ...]:
    # Not a number differs from itself, its text does not.
    return found.findings, found.common, repr(found.mesh), found.sentence, found.unnamed


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list that grows with every solution of the normal equations."""
    solutions: list[object] = []
    solve = joint_solve.solve

    def counted(*given: object) -> object:
        solutions.append(given)
        return solve(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(joint_estimate, "solve", counted)
    return solutions


@pytest.mark.parametrize("seed", range(3))
def test_a_sound_rig_takes_four_solutions_and_says_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = joint_evidence(np.random.default_rng(seed), OUTLINES, cameras=16, frames=1)
    full = fit_joint(evidence)
    solutions = _counted(monkeypatch)
    short = fit_joint(evidence, screen=True)
    assert full.findings == ()
    assert len(solutions) == 4
    assert _said(short) == _said(full)
    assert short.tau_px == pytest.approx(full.tau_px, rel=0.5)
    errors = [list(one.shift_errors_px.values()) for one in (short, full)]
    assert errors[0] == pytest.approx(errors[1], rel=0.3)


@pytest.mark.parametrize(
    ("faults", "shared"),
    [
        ({2: ("principal point", 0.3)}, None),
        ({2: ("roll", 1.0), 5: ("focal length", 1.0)}, None),
        (None, ("principal point", 1.0)),
    ],
)
def test_what_is_found_is_to_the_last_bit_what_the_full_estimate_finds(
    faults: dict[int, tuple[str, float]] | None, shared: tuple[str, float] | None
) -> None:
    evidence = joint_evidence(np.random.default_rng(3), OUTLINES, cameras=8, frames=1, faults=faults, shared=shared)
    full, short = fit_joint(evidence), fit_joint(evidence, screen=True)
    assert full.findings or full.common
    assert repr(short.deltas) == repr(full.deltas)
    assert _said(short) == _said(full)
    assert (short.tau_px, short.noise_px, short.untold) == (full.tau_px, full.noise_px, full.untold)


def test_a_mesh_that_is_off_is_not_quiet() -> None:
    moved = partial(np.multiply, 1.05)
    evidence = joint_evidence(np.random.default_rng(5), OUTLINES, cameras=12, frames=1, mesh_fault=moved)
    assert fit_joint(evidence).mesh is not None
    assert not _is_quiet(evidence)


@pytest.mark.parametrize("conditions", [IDEAL, REALISTIC, OUTLINES])
def test_no_fault_that_is_just_found_is_quiet(conditions: Conditions) -> None:
    found = []
    for seed in range(8):
        for size in (0.12, 0.25, 0.5, 1.0):
            faults = {1: ("principal point", size)}
            evidence = joint_evidence(np.random.default_rng(seed), conditions, cameras=8, frames=1, faults=faults)
            if not _is_quiet(evidence):
                continue
            found += [(seed, size)] if fit_joint(evidence).findings else []
    assert found == []


@pytest.mark.parametrize(("kind", "size"), [("roll", 0.35), ("roll", 0.5), ("aspect fx / fy", 0.5)])
def test_no_fault_of_all_cameras_that_is_found_is_quiet(kind: str, size: float) -> None:
    rigs = [
        joint_evidence(np.random.default_rng(seed), OUTLINES, cameras=12, frames=2, shared=(kind, size))
        for seed in range(1, 5)
    ]
    assert [fit_joint(one).common for one in rigs if _is_quiet(one)].count(None) == sum(map(_is_quiet, rigs))


def test_only_the_short_diagnosis_is_content_with_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = joint_evidence(np.random.default_rng(1), OUTLINES, cameras=12, frames=1)
    solutions = _counted(monkeypatch)
    assert diagnose_rig(evidence).cameras == ()
    assert len(solutions) == 4
    assert diagnose_rig(evidence, thorough=True).cameras == ()
    assert len(solutions) == 4 + 11
