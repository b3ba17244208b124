"""Solves the normal equations of the joint model for given noise and priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.noise import Noise
from renderkit.diagnosis.joint.normal_equations import (
    MARK,
    MESH,
    POSE,
    CameraSystems,
    assemble,
    layout_of,
)
from renderkit.diagnosis.joint.observations import NUM_BIAS, Observations


@dataclass(frozen=True, eq=False)
class Solution:
    """Posterior means and covariances.

    Attributes:
        thetas: (C, P) the cameras' numbers, px units.
        covariances: (C, P, P).
        shared: (S,) what all cameras share; see `Layout`.
        spread: (S, S) covariance of it.
        shifts: (C, F, 2) shifts of single views' landmarks, px; 0 for cameras without landmarks.
        shift_covariances: (C, F, F, 2).
        residuals: (C, F, L, 2) what is left of the landmarks' errors, px.
        offsets: (C, F, N) what is left of the outlines' offsets, px.
        num_fitted: Effective number of parameters that the landmarks determine.
        parts: The cameras' parts.
        precisions: Of the priors.
    """

    thetas: FloatArray
    covariances: FloatArray
    shared: FloatArray
    spread: FloatArray
    shifts: FloatArray
    shift_covariances: FloatArray
    residuals: FloatArray
    offsets: FloatArray
    num_fitted: float
    parts: tuple[Eliminated, ...]
    precisions: Precisions


@dataclass(frozen=True, eq=False)
class Precisions:
    """Inverse variances of the priors: (C, P) of the cameras' numbers, one of views' shifts, (S,) of what is shared."""

    cameras: FloatArray
    shift: float
    shared: FloatArray


def solve(seen: Observations, noise: Noise, precisions: Precisions) -> Solution:
    """Solve the normal equations with every camera eliminated by itself."""
    system = assemble(seen, noise)
    normal, right = system.shared + np.diag(precisions.shared), system.right.copy()
    eliminated = [Eliminated.of(part, precisions) for part in system.parts]
    for one in eliminated:
        at = one.part.columns
        half = one.half.reshape(-1, one.half.shape[2])
        normal[at, at] -= half.T @ half  # of an array and itself: half of the work
        right[at] -= one.flat_carried.T @ one.part.target.ravel()
    spread: FloatArray = np.asarray(np.linalg.inv(0.5 * (normal + normal.T)), dtype=np.float64)
    shared = spread @ right
    marks = layout_of(seen).marks.stop
    num_fitted = float((1.0 - precisions.shared * np.diag(spread))[:marks].sum())
    count, own, frames = len(seen.names), seen.num_local, seen.num_frames
    thetas, covariances = np.zeros((count, own)), np.zeros((count, own, own))
    shifts, variances = np.zeros((count, frames, 2)), np.zeros((count, frames, frames, 2))
    for one in eliminated:
        theta, covariance = one.posterior(shared, spread)
        num_fitted += float((1.0 - one.prior * np.diagonal(covariance, axis1=1, axis2=2)).sum())
        cameras = one.part.cameras
        thetas[cameras], covariances[cameras] = theta[:, :own], covariance[:, :own, :own]
        if theta.shape[1] > own:
            shifts[cameras] = theta[:, own:].reshape(-1, frames, 2)
            views = covariance[:, own:, own:].reshape(-1, frames, 2, frames, 2)
            variances[cameras] = np.einsum("cfkgk->cfgk", views)
    residuals, offsets = _residuals(seen, thetas, shared, shifts)
    return Solution(
        thetas=thetas,
        covariances=covariances,
        shared=shared,
        spread=spread,
        shifts=shifts,
        shift_covariances=variances,
        residuals=residuals,
        offsets=offsets,
        num_fitted=num_fitted,
        parts=tuple(eliminated),
        precisions=precisions,
    )


@dataclass(frozen=True, eq=False)
class Eliminated:
    """Cameras whose own m numbers are expressed by the shared unknowns.

    Attributes:
        part: Their normal equations.
        prior: (n, m) precisions.
        inverse: (n, m, m) covariance while the shared unknowns are known.
        half: (n, m, k) whose product with itself is what the shared unknowns lose.
        carried: (n, m, k) how the numbers follow the shared unknowns.
    """

    part: CameraSystems
    prior: FloatArray
    inverse: FloatArray
    half: FloatArray
    carried: FloatArray

    @staticmethod
    def of(part: CameraSystems, precisions: Precisions) -> Eliminated:
        """Eliminate the cameras' own numbers."""
        count, size = part.target.shape
        own = precisions.cameras[part.cameras]
        prior = np.concatenate([own, np.full((count, size - own.shape[1]), precisions.shift)], axis=1)
        root: FloatArray = np.linalg.inv(np.linalg.cholesky(part.local + prior[:, :, None] * np.eye(size)))
        half, back = root @ part.cross, root.swapaxes(1, 2)
        return Eliminated(part, prior, back @ root, half, back @ half)

    @property
    def flat_carried(self) -> FloatArray:
        """(n m, k) `carried`."""
        return self.carried.reshape(-1, self.carried.shape[2])

    def posterior(self, shared: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (n, m) means and (n, m, m) covariances."""
        at = self.part.columns
        theta = (self.inverse @ self.part.target[..., None])[..., 0] - self.carried @ shared[at]
        known = (self.flat_carried @ spread[at, at]).reshape(self.carried.shape)
        covariance: FloatArray = self.inverse + known @ self.carried.swapaxes(1, 2)
        return theta, covariance


def _residuals(
    seen: Observations, thetas: FloatArray, shared: FloatArray, shifts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what is left of landmarks and of offsets."""
    layout, marked = layout_of(seen), np.flatnonzero(seen.has_landmarks)
    residuals = np.zeros(seen.errors.shape)
    if len(marked):
        pose = shared[layout.poses].reshape(seen.num_frames, 1, POSE, 1)
        mark = shared[layout.marks].reshape(seen.num_landmarks, MARK)
        left = seen.errors[marked] - shifts[marked, :, None]
        left -= (seen.by_camera[marked] @ thetas[marked, None, None, :, None])[..., 0]
        left -= (seen.by_pose[marked] @ pose)[..., 0]
        left -= (seen.by_point[marked] * mark[:, None, :3]).sum(axis=4)
        left -= np.tensordot(seen.bias[marked], mark[:, 3:].reshape(seen.num_landmarks, NUM_BIAS, 2), (2, 1))
        residuals[marked] = left * seen.known[marked][..., None]
    mesh = shared[layout.meshes].reshape(seen.num_frames, MESH)
    shape = np.broadcast_to(shared[layout.shapes], (seen.num_frames, seen.num_shapes))
    # The last column of the rows are the offsets themselves.
    common = np.concatenate([mesh, shape, np.full((seen.num_frames, 1), -1.0)], axis=1)
    own = np.broadcast_to(thetas[:, None], (*seen.offsets.shape[:2], seen.num_local))
    values = np.concatenate([own, np.broadcast_to(common, (len(own), *common.shape))], axis=2)
    offsets = (seen.outline_rows @ -values[..., None])[..., 0] * seen.offset_known
    return residuals, offsets
