"""A subject that stands elsewhere for all cameras alike, moved by OpenCV's rotations."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from planted_rigs import make_rig

from renderkit.diagnosis.rig import diagnose_rig
from renderkit.diagnosis.subject_motion import subject_motion
from renderkit.diagnosis.view_evidence import RigEvidence


def _tilted(degrees: float) -> RigEvidence:
    rig = make_rig(np.random.default_rng(5), count=7)
    turn = cv2.Rodrigues(np.deg2rad([degrees, 0.0, 0.0]))[0]
    middle = rig.points.mean(axis=0)
    views = rig.evidence().views
    return RigEvidence(
        tuple(
            replace(
                view,
                points_world=(rig.points - middle) @ turn.T + middle + (0.0, 0.004, 0.0),
                vertices=(rig.vertices - middle) @ turn.T + middle + (0.0, 0.004, 0.0),
            )
            for view in views
        )
    )


def test_a_tilted_subject_is_named_with_its_angle() -> None:
    found = subject_motion(_tilted(7.0))
    assert found is not None
    np.testing.assert_allclose(found.turn_deg, [7.0, 0.0, 0.0], atol=0.2)


def test_the_diagnosis_names_it_instead_of_cameras() -> None:
    found = diagnose_rig(_tilted(7.0))
    assert found.verdict == "does not fit"
    assert "the mesh and its 3D landmarks are off against all 7 cameras alike" in found.sentence
    assert found.cameras == ()


@pytest.mark.parametrize("seed", range(3))
def test_cameras_that_are_all_turned_otherwise_are_no_motion_of_the_subject(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rig = make_rig(rng, count=6)
    for shot in rig.shots:
        shot.R = shot.R @ cv2.Rodrigues(rng.normal(size=3) * 0.4)[0]
    assert subject_motion(rig.evidence()) is None
