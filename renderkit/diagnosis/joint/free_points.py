"""The joint estimate where the landmarks' places are not known at all: every point is eliminated by itself.

Model, linearised about the calibration as written and triangulated points (e = detected minus projected, px):

    e[c, p] = J theta_c + L d_p + noise

theta_c: the camera's parameters, healthy ones ~ N(0, tau^2) px; d_p: the error of point p, without a prior worth the
name. The points are eliminated first (Schur complement), so the cost grows linearly with them; what is left are the
cameras' normal equations (Triggs, McLauchlan, Hartley and Fitzgibbon 2000, "Bundle adjustment", section 6).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.estimate import MIN_TAU_PX, CameraPriors, Estimate, Priors, posterior_of
from renderkit.diagnosis.joint.noise import Noise, noise_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import NUM_LOCAL

_FREE_EXTENTS: Final = 1.0
"""Prior of a point's error, in radii of the subject: only there to keep the equations regular."""
_ROUNDS: Final = 3


def estimate_free_points(
    seen: Observations, cameras: CameraPriors, priors: Priors, start: Estimate | None = None
) -> Estimate:
    """Estimate all cameras from points whose places are not known; see `joint.estimate.estimate`.

    Args:
        seen: Landmarks of one frame, in which every point is one of its own; no outlines.
        cameras: What is assumed about them.
        priors: Handed on: nothing but cameras and points is unknown.
        start: An estimate with nearly the same priors.
    """
    offsets = np.zeros(seen.offsets.shape)
    noise = None if start is None else start.noise
    if noise is None:
        medians = np.zeros((len(seen.names), 1, 1, 2))
        for camera, known in enumerate(seen.known):
            if known.any():
                medians[camera] = np.median(seen.errors[camera][known], axis=0)
        noise = noise_of(seen, seen.errors - medians, offsets, 0.0)
    prior = 1.0 / np.maximum(cameras.scales_px, MIN_TAU_PX).ravel() ** 2
    theta, covariance = np.empty(0), np.empty((0, 0))
    for _ in range(_ROUNDS):
        theta, covariance, residuals = _solved(seen, noise.inflated(cameras.inflation), prior)
        points = 3.0 * int((seen.known[:, 0].sum(axis=0) > 0).sum())
        fitted = points + float((1.0 - prior * np.diag(covariance)).sum())
        noise = noise_of(seen, residuals[:, None], offsets, 0.0, fitted)
    theta, covariance, _ = _solved(seen, noise.inflated(cameras.inflation), prior)
    blocks = [slice(start, start + NUM_LOCAL) for start in range(0, len(theta), NUM_LOCAL)]
    posteriors = tuple(posterior_of(theta[at], covariance[at, at], prior[at]) for at in blocks)
    return Estimate(posteriors, None, noise, offsets, priors)


def _solved(seen: Observations, noise: Noise, prior: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (P C,) parameters, their covariance, and (C, P, 2) residuals.

    Args:
        seen: The evidence.
        noise: Weights of the observations.
        prior: (P C,) precision.
    """
    weights, errors = noise.weights[:, 0], seen.errors[:, 0] + noise.steps[:, 0]
    by_camera, by_point = seen.by_camera[:, 0], seen.by_point[:, 0] * seen.extent
    weighted = by_point * weights[..., None, None]
    of_points = np.einsum("cpki,cpkj->pij", weighted, by_point) + np.eye(3) / _FREE_EXTENTS**2
    right_points = np.einsum("cpki,cpk->pi", weighted, errors)
    cross = np.einsum("cpka,cpki->capi", by_camera, weighted).reshape(len(prior), -1)
    inverse = np.linalg.inv(of_points)
    carried = np.einsum("api,pij->apj", cross.reshape(len(prior), -1, 3), inverse).reshape(len(prior), -1)
    normal = -(carried @ cross.T)
    right = np.einsum("cpka,cpk,cp->ca", by_camera, errors, weights).ravel() - carried @ right_points.ravel()
    for camera in range(len(seen.names)):
        at = slice(camera * NUM_LOCAL, (camera + 1) * NUM_LOCAL)
        normal[at, at] += np.einsum("pka,pkb,p->ab", by_camera[camera], by_camera[camera], weights[camera])
    normal[np.diag_indices(len(prior))] += prior
    covariance = np.linalg.inv(0.5 * (normal + normal.T))
    theta = covariance @ right
    left = errors - np.einsum("cpka,ca->cpk", by_camera, theta.reshape(-1, NUM_LOCAL))
    moved = np.einsum("pij,pj->pi", inverse, np.einsum("cpki,cpk->pi", weighted, left))
    return theta, covariance, left - noise.steps[:, 0] - np.einsum("cpki,pi->cpk", by_point, moved)
