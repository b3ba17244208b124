"""Noise levels of outlines against those that rigs were made with."""

from __future__ import annotations

import numpy as np
import pytest
from joint_rigs import Conditions, joint_evidence

from renderkit.diagnosis.joint.estimate import CameraPriors, Priors, estimate
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import NUM_LOCAL

EDGE_PX = 0.5


@pytest.mark.parametrize("length_px", [1.0, 8.0, 16.0])
def test_a_fit_hides_neither_noise_of_outlines_nor_its_correlation(length_px: float) -> None:
    conditions = Conditions(mattes=True, landmarks=False, edge_px=EDGE_PX, edge_length_px=length_px)
    evidence = joint_evidence(np.random.default_rng(8), conditions, cameras=12, frames=2)
    seen = observe(evidence)
    assert seen is not None
    found = estimate(seen, CameraPriors(np.full((12, NUM_LOCAL), 0.05), np.ones(12)), Priors())
    spacing = []
    for view in evidence.views:
        assert view.outline is not None
        drawn = view.camera.to_camera().project(view.outline.points_world)
        spacing.append(np.linalg.norm(np.roll(drawn, -1, axis=0) - drawn, axis=1).mean())
    alike = np.exp(-np.mean(spacing) / length_px)
    # The sum of the correlations of a process of first order.
    assert np.median(found.noise.correlation) == pytest.approx((1.0 + alike) / (1.0 - alike), rel=0.2)
    assert np.mean(found.noise.outline_px) == pytest.approx(EDGE_PX, rel=0.08)
    assert found.noise.strays.mean() < 0.02
