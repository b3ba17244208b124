"""The joint estimate with free points against one dense least-squares solution by SciPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from joint_rigs import IDEAL, joint_evidence
from scipy import optimize

from renderkit.diagnosis.joint.estimate import CameraPriors, Priors
from renderkit.diagnosis.joint.free_points import _solved, estimate_free_points
from renderkit.diagnosis.joint.observe import observe
from renderkit.diagnosis.joint.parameters import NUM_LOCAL


def test_eliminating_the_points_is_the_dense_solution() -> None:
    seen = observe(joint_evidence(np.random.default_rng(3), IDEAL, cameras=5, frames=1, landmarks=9))
    assert seen is not None
    rng = np.random.default_rng(4)
    weights = rng.uniform(0.5, 2.0, seen.known[:, 0].shape) * seen.known[:, 0]
    prior = np.repeat(rng.uniform(1.0, 5.0, 5), NUM_LOCAL)
    noise = estimate_free_points(seen, CameraPriors(np.ones((5, NUM_LOCAL)), np.ones(5)), Priors()).noise
    noise = replace(noise, weights=weights[:, None], steps=np.zeros_like(seen.errors))
    theta, covariance, residuals = _solved(seen, noise, prior)
    by_camera, by_point = seen.by_camera[:, 0], seen.by_point[:, 0] * seen.extent
    points = weights.shape[1]

    def cost(x: np.ndarray) -> np.ndarray:
        cameras, places = x[: 5 * NUM_LOCAL].reshape(5, NUM_LOCAL), x[5 * NUM_LOCAL :].reshape(points, 3)
        left = seen.errors[:, 0] - np.einsum("cpka,ca->cpk", by_camera, cameras)
        left = left - np.einsum("cpki,pi->cpk", by_point, places)
        return np.concatenate(
            [(left * np.sqrt(weights)[..., None]).ravel(), x[: 5 * NUM_LOCAL] * np.sqrt(prior), x[5 * NUM_LOCAL :]]
        )

    found = optimize.least_squares(
        cost, np.zeros(5 * NUM_LOCAL + 3 * points), method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    np.testing.assert_allclose(theta, found.x[: 5 * NUM_LOCAL], atol=1e-6)
    dense = np.linalg.inv(found.jac.T @ found.jac)[: 5 * NUM_LOCAL, : 5 * NUM_LOCAL]
    np.testing.assert_allclose(covariance, dense, atol=1e-6)
    own = cost(found.x)[: residuals.size].reshape(residuals.shape)
    np.testing.assert_allclose(residuals * np.sqrt(weights)[..., None], own, atol=1e-6)


def test_noise_and_a_free_camera_are_estimated() -> None:
    seen = observe(
        joint_evidence(
            np.random.default_rng(5), IDEAL, cameras=10, frames=1, landmarks=60, faults={2: ("principal point", 2.0)}
        )
    )
    assert seen is not None
    scales = np.full((10, NUM_LOCAL), 0.05)
    scales[2] = 50.0
    found = estimate_free_points(seen, CameraPriors(scales, np.ones(10)), Priors())
    assert found.noise.noise_px[0] == pytest.approx(0.3, rel=0.15)
    shift = found.cameras[2].theta
    assert np.sqrt(((seen.by_camera[2, 0] @ shift) ** 2).sum(axis=1).mean()) == pytest.approx(2.0, abs=0.25)
