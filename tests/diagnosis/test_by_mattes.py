"""Which of what the mattes say is taken beside a mesh."""

from __future__ import annotations

import numpy as np
import pytest
from joint_rigs import IDEAL, joint_evidence

from renderkit.diagnosis.by_mattes import ASKED_FROM_PX, NOTHING, by_mattes
from renderkit.diagnosis.joint import fit_joint
from renderkit.results.findings import JudgedCamera, RigFindings


def _camera(name: str, cause: str = "shift", error_px: float = 0.2, *, as_written: bool = True) -> JudgedCamera:
    return JudgedCamera(
        camera=name,
        off=bool(cause),
        size_px=3.0,
        size_error_px=error_px,
        shift_px=(3.0, 0.0),
        shift_error_px=(error_px, error_px),
        num_points=400,
        informative=0.6,
        sentence=f"camera {name}: its projections lie aside",
        cause=cause,
        cannot_tell=(cause,) if cause else (),
        as_written=as_written,
    )


CAMERAS = (_camera("a"), _camera("b", "roll"), _camera("c", error_px=0.9), _camera("d", as_written=False), _camera("e"))
KNOWN = dict.fromkeys("abcde", 0.8)


def test_cameras_are_named_that_the_mattes_know_better_than_the_mesh() -> None:
    findings = RigFindings("mattes", "does not fit", "", CAMERAS, ("a note",))
    found = by_mattes(lambda: findings, KNOWN, {"e"})
    assert [(one.camera, one.cause, one.family) for one in found.faults] == [
        ("a", "principal point", "shift"),
        ("b", "roll", "roll"),
    ]
    assert found.faults[0].sentence == (
        "camera a: by the mattes against each other, without the mesh, its projections lie aside"
    )
    assert found.notes == ("a note",)
    exact = by_mattes(lambda: findings, {**KNOWN, "a": 0.1}, {"e"})
    assert [one.camera for one in exact.faults] == ["b"]


def test_mattes_are_not_asked_where_the_mesh_is_exact() -> None:
    asked = []

    def measure() -> RigFindings:
        asked.append(1)
        return RigFindings("mattes", "cannot tell", "11 views", notes=("a note",))

    assert by_mattes(measure, dict.fromkeys("abc", ASKED_FROM_PX), ()) is NOTHING
    assert not asked
    assert by_mattes(measure, {"a": np.inf}, ()) is NOTHING
    assert asked


def test_the_error_of_a_shift_is_that_of_its_landmarks_and_the_healthy_scatter() -> None:
    """Landmarks of 0.3 px alone: no camera can be known better than their mean."""
    found = fit_joint(joint_evidence(np.random.default_rng(1), IDEAL, cameras=8, frames=2))
    errors = list(found.shift_errors_px.values())
    assert len(errors) == 8
    least = IDEAL.noise_px / np.sqrt(2 * 68)
    assert min(errors) > least
    assert np.median(errors) == pytest.approx(np.hypot(least, found.tau_px), rel=0.5)
