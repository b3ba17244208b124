"""Solves the normal equations of the joint model for given noise and priors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

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

_SMALL: Final = 64


@dataclass(frozen=True, eq=False)
class Solution:
    """Posterior means and covariances.

    Attributes:
        thetas: (C, P) the cameras' numbers, px units.
        shared: (S,) what all cameras share; see `Layout`.
        spread: (S, S) covariance of it.
        shifts: (C, F, 2) shifts of single views' landmarks, px; 0 for cameras without landmarks.
        residuals: (C, F, L, 2) what is left of the landmarks' errors, px.
        offsets: (C, F, N) what is left of the outlines' offsets, px.
        parts: The cameras' parts.
        precisions: Of the priors.
    """

    thetas: FloatArray
    shared: FloatArray
    spread: FloatArray
    shifts: FloatArray
    residuals: FloatArray
    offsets: FloatArray
    parts: tuple[Eliminated, ...]
    precisions: Precisions

    def num_fitted(self, num_landmarks: int) -> float:
        """Return the effective number of parameters that the landmarks determine.

        Args:
            num_landmarks: How many of the shared unknowns, from the first on, are of landmarks.
        """
        held = (self.precisions.shared * np.diag(self.spread))[:num_landmarks]
        return float((1.0 - held).sum()) + sum(one.num_fitted(self.spread) for one in self.parts)

    @cached_property
    def covariances(self) -> FloatArray:
        """(C, P, P) covariances of the cameras' numbers."""
        own = self.thetas.shape[1]
        result = np.zeros((*self.thetas.shape, own))
        for one in self.parts:
            result[one.part.cameras] = one.covariance(slice(own), self.spread)
        return result

    @cached_property
    def shift_covariances(self) -> FloatArray:
        """(C, F, F, 2) covariances of the views' shifts, for each component; 0 for cameras without landmarks."""
        count, frames, _ = self.shifts.shape
        own = self.thetas.shape[1]
        result = np.zeros((count, frames, frames, 2))
        for one in self.parts:
            if one.prior.shape[1] > own:
                views = one.covariance(slice(own, None), self.spread).reshape(-1, frames, 2, frames, 2)
                result[one.part.cameras] = np.einsum("cfkgk->cfgk", views)
        return result


@dataclass(frozen=True, eq=False)
class Precisions:
    """Inverse variances of the priors: (C, P) of the cameras' numbers, one of views' shifts, (S,) of what is shared."""

    cameras: FloatArray
    shift: float
    shared: FloatArray


def solve(seen: Observations, noise: Noise, precisions: Precisions) -> Solution:
    """Solve the normal equations with every camera eliminated by itself."""
    system = assemble(seen, noise)
    normal, right = system.shared, system.right.copy()
    normal[np.diag_indices(len(right))] += precisions.shared
    eliminated = [Eliminated.of(part, precisions) for part in system.parts]
    for one in eliminated:
        at = one.part.columns
        half = one.half.reshape(-1, one.half.shape[2])
        normal[at, at] -= half.T @ half  # of an array and itself: half of the work
        right[at] -= one.flat_carried.T @ one.part.target.ravel()
    spread = inverse_of(normal)
    shared = spread @ right
    shared += spread @ (right - normal @ shared)  # what rounding has lost in the inverse
    count, own, frames = len(seen.names), seen.num_local, seen.num_frames
    thetas, shifts = np.zeros((count, own)), np.zeros((count, frames, 2))
    for one in eliminated:
        theta = one.mean(shared)
        cameras = one.part.cameras
        thetas[cameras] = theta[:, :own]
        if theta.shape[1] > own:
            shifts[cameras] = theta[:, own:].reshape(-1, frames, 2)
    residuals, offsets = _residuals(seen, thetas, shared, shifts)
    return Solution(
        thetas=thetas,
        shared=shared,
        spread=spread,
        shifts=shifts,
        residuals=residuals,
        offsets=offsets,
        parts=tuple(eliminated),
        precisions=precisions,
    )


def inverse_of(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a positive definite (n, n) matrix, by halves: in half the time of the general one."""
    count = len(matrix)
    if count <= _SMALL:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    first, second = slice(count // 2), slice(count // 2, count)
    head, mixed = inverse_of(matrix[first, first]), matrix[first, second]
    reach = head @ mixed
    tail = inverse_of(matrix[second, second] - mixed.T @ reach)
    across = reach @ tail
    result = np.empty_like(matrix)
    result[first, first], result[second, second] = head + across @ reach.T, tail
    result[first, second], result[second, first] = -across, -across.T
    return result


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

    def mean(self, shared: FloatArray) -> FloatArray:
        """Return the (n, m) posterior means."""
        known = self.inverse @ self.part.target[..., None]
        theta: FloatArray = known[..., 0] - self.carried @ shared[self.part.columns]
        return theta

    def num_fitted(self, spread: FloatArray) -> float:
        """Return how many of the numbers are determined by the evidence, the trace of what the prior leaves of them."""
        scaled = self.flat_carried * np.sqrt(self.prior).reshape(-1, 1)
        shared = scaled.T @ scaled  # of an array and itself: half of the work
        held = (self.prior * np.diagonal(self.inverse, axis1=1, axis2=2)).sum()
        at = self.part.columns
        return float(self.prior.size - held - np.vdot(shared, spread[at, at]))

    def covariance(self, numbers: slice, spread: FloatArray) -> FloatArray:
        """Return the (n, q, q) covariances of some of the numbers."""
        at, carried = self.part.columns, self.carried[:, numbers]
        known = (carried.reshape(-1, carried.shape[2]) @ spread[at, at]).reshape(carried.shape)
        covariance: FloatArray = self.inverse[:, numbers, numbers] + known @ carried.swapaxes(1, 2)
        return covariance


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
