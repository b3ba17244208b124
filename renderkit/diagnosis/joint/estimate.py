"""One robust least-squares estimate of all cameras, with everything that is not a camera's fault as unknowns.

Model, linearised about the calibration as written (e = detected minus projected, px; o = the matte's outline minus the
drawn one along its normal n, px):

    e[c, f, j] = J theta_c + s[c, f] + A q_f + L d_j + phi(yaw) b_j + noise
    o[c, f, i] = n J theta_c + B m_f + C h + noise

theta_c: the camera's parameters, healthy ones ~ N(0, tau^2) px, with its mattes' growth and its detections' shift;
s: the shift of one view's detections; q_f: the pose error of the frame's 3D points; d_j: the error of landmark j; b_j:
the detector's bias by yaw; m_f: pose and growth of the frame's mesh; h: smooth errors of its shape. The priors fix the
gauge: a motion of the whole rig is taken for one of the subject. Every camera's parameters and shifts are eliminated by
themselves (Schur complement), so the cost grows linearly with the cameras.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.noise import Noise, noise_of
from renderkit.diagnosis.joint.normal_equations import MARK, MESH, POSE, layout_of
from renderkit.diagnosis.joint.observations import NUM_BIAS, Observations
from renderkit.diagnosis.joint.residuals import (
    MIN_SHIFT_PX,
    centred_offsets,
    free_offsets,
    mesh_px,
    shift_scatter,
    view_medians,
)
from renderkit.diagnosis.joint.solve import Precisions, Solution, solve

FREE_PX: Final = 50.0
"""Prior of a camera that is thought to be faulty, px: as good as none."""

MESH_SHARE: Final = 0.25
"""What smooth displacements of the mesh leave of its errors, as a share of what they take up."""

MIN_TAU_PX: Final = 1e-3
_ROUNDS = 4
_WARM_ROUNDS = 2
_FIRST_SHIFT_PX = 0.3
_GIVEN_COUNTS = 2.0

MIN_VIEWS_OF_BIAS: Final = 6
"""Views of a landmark, in all cameras and frames, that tell the detector's bias from its noise."""

UNTOLD_BIAS_PX: Final = 1e-3
"""Bias where it is not told from noise, as good as none."""


@dataclass(frozen=True)
class Priors:
    """Standard deviations of what is not a camera's fault; lengths as shares of the subject's radius.

    Attributes:
        turn_rad: Pose of a frame's 3D points and mesh.
        step: The same, lengths.
        landmark: Error of each 3D landmark.
        bias_px: Detector's bias per landmark, for each of its two terms.
        growth: Relative growth of the mesh.
        even: Even offset of the mesh along its normals.
        bump: Smooth errors of the mesh's shape.
    """

    turn_rad: float = 0.03
    step: float = 0.08
    landmark: float = 0.02
    bias_px: float = 1.5
    growth: float = 0.03
    even: float = 0.02
    bump: float = 0.015


@dataclass(frozen=True, eq=False)
class CameraPosterior:
    """What the evidence says about one camera once all else is integrated out, in px units.

    Attributes:
        theta: (P,) posterior mean.
        covariance: (P, P) posterior covariance.
        information: (P, P) of the evidence alone, without the camera's own prior.
        score: (P,) information @ (estimate without prior).
    """

    theta: FloatArray
    covariance: FloatArray
    information: FloatArray
    score: FloatArray


@dataclass(frozen=True, eq=False)
class SharedPosterior:
    """What the evidence says about what all cameras share.

    Attributes:
        pose: (F, 6) turn (rad) and step (world units) of each frame's 3D points.
        marks: (L, 3) error of each 3D landmark, world units.
        mesh: (F, 7) turn, step and relative growth of each frame's mesh.
        mesh_covariance: (F, 7, 7).
        shape: (S,) displacements along the mesh's normals, world units.
    """

    pose: FloatArray
    marks: FloatArray
    mesh: FloatArray
    mesh_covariance: FloatArray
    shape: FloatArray


@dataclass(frozen=True, eq=False)
class Estimate:
    """The rig's estimate.

    Attributes:
        cameras: One posterior for each camera.
        shared: Of what all cameras share; None where that is not estimated.
        noise: Noise levels and weights.
        offsets: (C, F, N) residuals of the outlines, px.
        priors: Of what is not a camera's fault, as the rig's own evidence narrows them.
        solution: The normal equations' solution; None where what all cameras share is not estimated.
    """

    cameras: tuple[CameraPosterior, ...]
    shared: SharedPosterior | None
    noise: Noise
    offsets: FloatArray
    priors: Priors
    solution: Solution | None = None


@dataclass(frozen=True, eq=False)
class CameraPriors:
    """What is assumed about the cameras.

    Attributes:
        scales_px: (C, P) prior of each camera's numbers; `FREE_PX` for those thought to be faulty.
        inflation: (C,) by how much the noise of each camera's evidence is larger than its residuals say, in variance.
    """

    scales_px: FloatArray
    inflation: FloatArray


def estimate(seen: Observations, cameras: CameraPriors, priors: Priors, start: Estimate | None = None) -> Estimate:
    """Estimate everything.

    Args:
        seen: The evidence.
        cameras: What is assumed about them.
        priors: Of what is not a camera's fault.
        start: An estimate with nearly the same priors; saves half of the rounds.
    """
    if start is None:
        return continued(seen, cameras, priors, begun(seen, cameras, priors))
    return _Solver.of(seen, cameras, priors).after(_WARM_ROUNDS, start.noise, start.priors)


def begun(seen: Observations, cameras: CameraPriors, priors: Priors) -> Estimate:
    """Return the estimate without a start after the first of its rounds."""
    # A faulty camera must not look like outliers to the first weights: its views' own medians are taken out.
    noise = noise_of(seen, seen.errors - view_medians(seen), centred_offsets(seen), _FIRST_SHIFT_PX)
    solver = _Solver.of(seen, cameras, priors)
    return solver.after(1, noise, solver.given)


def continued(seen: Observations, cameras: CameraPriors, priors: Priors, first: Estimate) -> Estimate:
    """Return the estimate after all of its rounds, from what `begun` returned for the same arguments."""
    return _Solver.of(seen, cameras, priors).after(_ROUNDS - 1, first.noise, first.priors, first.solution)


def shortened(seen: Observations, cameras: CameraPriors, priors: Priors, start: Estimate) -> Estimate:
    """Return an estimate with nearly the same priors as that of `start`, after a single round."""
    return _Solver.of(seen, cameras, priors).after(1, start.noise, start.priors)


@dataclass(frozen=True, eq=False)
class _Solver:
    """Solves for everything, and learns the noise from what is left.

    Attributes:
        seen: The evidence.
        inflation: (C,) of the cameras' noise.
        own: (C, P) precisions of the cameras' numbers.
        given: Priors of what is not a camera's fault.
    """

    seen: Observations
    inflation: FloatArray
    own: FloatArray
    given: Priors

    @staticmethod
    def of(seen: Observations, cameras: CameraPriors, priors: Priors) -> _Solver:
        own = 1.0 / np.maximum(cameras.scales_px, MIN_TAU_PX) ** 2
        return _Solver(seen, cameras.inflation, own, _told_apart(seen, priors))

    def after(self, rounds: int, noise: Noise, learned: Priors, solution: Solution | None = None) -> Estimate:
        """Return the estimate after some rounds.

        Args:
            rounds: How often to learn from the solution before.
            noise: What is known of it.
            learned: Priors of what is not a camera's fault, so far.
            solution: That of this noise and these priors, where it is known.
        """
        solution = solution or self._solved(noise, learned)
        for _ in range(rounds):
            noise, learned = self._noise_after(solution, noise, learned)
            solution = self._solved(noise, learned)
        posteriors = posteriors_of(solution.thetas, solution.covariances, self.own)
        shared = _shared_posterior(self.seen, solution.shared, solution.spread)
        return Estimate(posteriors, shared, noise, solution.offsets, learned, solution)

    def _solved(self, noise: Noise, learned: Priors) -> Solution:
        shift = 1.0 / max(noise.view_shift_px, MIN_TAU_PX) ** 2
        precisions = Precisions(self.own, shift, _prior_precision(self.seen, learned))
        return solve(self.seen, noise.inflated(self.inflation), precisions)

    def _noise_after(self, solution: Solution, noise: Noise, learned: Priors) -> tuple[Noise, Priors]:
        seen = self.seen
        scatter = shift_scatter(seen, solution, max(noise.view_shift_px, MIN_SHIFT_PX))
        free, fitted = free_offsets(seen, solution.offsets, noise)
        mesh = MESH_SHARE * mesh_px(seen, solution)
        num_fitted = solution.num_fitted(layout_of(seen).marks.stop)
        following = noise_of(seen, solution.residuals, free, scatter, num_fitted, fitted, mesh_px=mesh)
        return following, _learned(seen, solution, learned, self.given)


def _told_apart(seen: Observations, priors: Priors) -> Priors:
    """Return the priors without a detector's bias where few views of a landmark cannot tell it from noise.

    Two terms of bias and a place are seven numbers of a landmark. Where its views have hardly more, the bias takes up
    the noise, and every camera is known too well. As noise it makes all of them less well known.
    """
    views = seen.known.sum(axis=(0, 1))
    few = len(views) > 0 and float(np.median(views)) < MIN_VIEWS_OF_BIAS
    return replace(priors, bias_px=min(priors.bias_px, UNTOLD_BIAS_PX)) if few else priors


def _learned(seen: Observations, solution: Solution, used: Priors, given: Priors) -> Priors:
    """Return narrower priors of the 3D points where the rig's own are better than was given.

    Squares of the estimates over the number of them that the evidence determines (MacKay 1992, "Bayesian
    interpolation", equation 4.9), with the given prior counted as a few more.
    """
    layout, precision = layout_of(seen), _prior_precision(seen, used)
    determined = 1.0 - precision * np.diag(solution.spread)
    squares = solution.shared**2 * precision

    def factor(places: FloatArray, given_over_used: float) -> float:
        at = places.astype(np.int64)
        known = float(squares[at].sum()) + _GIVEN_COUNTS * given_over_used**2
        return math.sqrt(known / (float(np.clip(determined[at], 0.0, 1.0).sum()) + _GIVEN_COUNTS))

    def scale(name: str, places: FloatArray) -> float:
        before, most = float(getattr(used, name)), float(getattr(given, name))
        return min(before * factor(places, most / before), most)

    poses = np.arange(layout.poses.start, layout.poses.stop).reshape(-1, POSE)
    marks = np.arange(layout.marks.start, layout.marks.stop).reshape(-1, MARK)
    return replace(
        used,
        turn_rad=scale("turn_rad", poses[:, :3].ravel()),
        step=scale("step", poses[:, 3:].ravel()),
        landmark=scale("landmark", marks[:, :3].ravel()),
        bias_px=scale("bias_px", marks[:, 3:].ravel()),
    )


def posterior_of(theta: FloatArray, covariance: FloatArray, prior: FloatArray) -> CameraPosterior:
    """Return what (P,) estimates with their (P, P) covariance say without the (P,) precision of the prior."""
    return posteriors_of(theta[None], covariance[None], prior[None])[0]


def posteriors_of(thetas: FloatArray, covariances: FloatArray, priors: FloatArray) -> tuple[CameraPosterior, ...]:
    """Return `posterior_of` of many cameras: (C, P), (C, P, P) and (C, P)."""
    precisions = np.linalg.inv(covariances)
    information = precisions - priors[:, :, None] * np.eye(priors.shape[1])
    values, vectors = np.linalg.eigh(0.5 * (information + information.swapaxes(1, 2)))
    information = (vectors * np.clip(values, 0.0, None)[:, None]) @ vectors.swapaxes(1, 2)
    scores = (precisions @ thetas[..., None])[..., 0]
    return tuple(CameraPosterior(*one) for one in zip(thetas, covariances, information, scores, strict=True))


def _prior_precision(seen: Observations, priors: Priors) -> FloatArray:
    step = priors.step * seen.extent
    pose = [priors.turn_rad] * 3 + [step] * 3
    mark = [priors.landmark * seen.extent] * 3 + [priors.bias_px] * (2 * NUM_BIAS)
    mesh = [*pose, priors.growth]
    shape = [priors.even * seen.extent] + [priors.bump * seen.extent] * (seen.num_shapes - 1)
    repeated = [np.tile(pose, seen.num_frames), np.tile(mark, seen.num_landmarks), np.tile(mesh, seen.num_frames)]
    result: FloatArray = np.concatenate([*repeated, shape[: seen.num_shapes]]) ** -2.0
    return result


def _shared_posterior(seen: Observations, shared: FloatArray, spread: FloatArray) -> SharedPosterior:
    layout = layout_of(seen)
    covariance = spread[layout.meshes, layout.meshes].reshape(seen.num_frames, MESH, seen.num_frames, MESH)
    return SharedPosterior(
        pose=shared[layout.poses].reshape(seen.num_frames, POSE),
        marks=shared[layout.marks].reshape(seen.num_landmarks, MARK)[:, :3],
        mesh=shared[layout.meshes].reshape(seen.num_frames, MESH),
        mesh_covariance=np.stack([covariance[frame, :, frame] for frame in range(seen.num_frames)]),
        shape=shared[layout.shapes],
    )
