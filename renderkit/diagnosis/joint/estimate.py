"""One robust least-squares estimate of all cameras, with everything that is not a camera's fault as unknowns.

Model, linearised about the calibration as written (e = detected minus projected, px):

    e[c, f, j] = J theta_c + s[c, f] + A q_f + L d_j + phi(yaw) b_j + noise

theta_c: the camera's parameters, healthy ones ~ N(0, tau^2) px; s: the shift of one view's detections; q_f: the pose
error of the frame's 3D points; d_j: the error of landmark j; b_j: the detector's bias by yaw. Outlines add
o[c, f] = J' theta_c + A' m_f + noise with the mesh's pose and growth m_f. The priors fix the gauge: a motion of the
whole rig is taken for one of the subject. Every camera's parameters and shifts are eliminated by themselves (Schur
complement), so the cost grows linearly with the cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.observations import NUM_BIAS, Observations
from renderkit.diagnosis.joint.parameters import NUM

FREE_PX: Final = 50.0
"""Prior of a camera that is thought to be faulty, px: as good as none."""

MIN_TAU_PX: Final = 1e-3
MIN_NOISE_PX: Final = 0.05
STUDENT: Final = 4.0
_ROUNDS = 4
_POSE, _MESH, _MARK = 6, 7, 3 + 2 * NUM_BIAS


@dataclass(frozen=True)
class Priors:
    """Standard deviations of what is not a camera's fault; lengths as shares of the subject's radius.

    Attributes:
        turn_rad: Pose of a frame's 3D points and mesh.
        step: The same, lengths.
        landmark: Error of each 3D landmark.
        bias_px: Detector's bias per landmark, for each of its two terms.
        growth: Relative growth of the mesh.
    """

    turn_rad: float = 0.03
    step: float = 0.08
    landmark: float = 0.02
    bias_px: float = 1.5
    growth: float = 0.03


@dataclass(frozen=True, eq=False)
class CameraPosterior:
    """What the evidence says about one camera once all else is integrated out, in px units.

    Attributes:
        theta: (11,) posterior mean.
        covariance: (11, 11) posterior covariance.
        information: (11, 11) of the evidence alone, without the camera's own prior.
        score: (11,) information @ (estimate without prior).
    """

    theta: FloatArray
    covariance: FloatArray
    information: FloatArray
    score: FloatArray


@dataclass(frozen=True, eq=False)
class Estimate:
    """The rig's estimate.

    Attributes:
        cameras: One posterior for each camera.
        noise_px: (G,) noise of the landmarks in each group, per component.
        view_shift_px: Scatter of whole views' detections, per component.
        outline_factor: By how much the outlines' stated errors are too small; at least 1.
    """

    cameras: tuple[CameraPosterior, ...]
    noise_px: FloatArray
    view_shift_px: float
    outline_factor: float


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise levels and robust weights, estimated from residuals."""

    weights: FloatArray
    noise_px: FloatArray
    view_shift_px: float
    outline_factor: float


@dataclass(frozen=True, eq=False)
class _Solution:
    posteriors: tuple[CameraPosterior, ...]
    residuals: FloatArray
    outline_residuals: FloatArray
    shifts: FloatArray
    num_fitted: float


def estimate(seen: Observations, tau_px: FloatArray, priors: Priors) -> Estimate:
    """Estimate everything.

    Args:
        seen: The evidence.
        tau_px: (C,) prior of each camera's parameters; `FREE_PX` for those thought to be faulty.
        priors: Of what is not a camera's fault.
    """
    # A faulty camera must not look like outliers to the first weights: its views' own medians are taken out.
    start = seen.errors - _view_medians(seen)
    noise = noise_of(seen, start, np.zeros(seen.outline_errors.shape), 0.0)
    solution = None
    for _ in range(_ROUNDS):
        solution = _solve(seen, noise, tau_px, priors)
        scatter = _shift_scatter(seen, solution, noise)
        noise = noise_of(seen, solution.residuals, solution.outline_residuals, scatter, solution.num_fitted)
    solution = _solve(seen, noise, tau_px, priors)
    return Estimate(solution.posteriors, noise.noise_px, noise.view_shift_px, noise.outline_factor)


def noise_of(
    seen: Observations, residuals: FloatArray, outline: FloatArray, view_shift_px: float, num_fitted: float = 0.0
) -> Noise:
    """Return noise by group (from medians) and Student weights that state the information rightly on average.

    Args:
        seen: The evidence.
        residuals: (C, F, L, 2) px.
        outline: (C, F, 4) residuals of the outlines, px.
        view_shift_px: Scatter of whole views.
        num_fitted: Effective number of fitted parameters: residuals are smaller than the noise by what they took up.
    """
    count = max(2.0 * float(seen.known.sum()), 1.0)
    taken = float(np.sqrt(count / max(count - num_fitted, 0.1 * count)))
    weights = np.zeros(seen.known.shape)
    levels = []
    for group in range(len(seen.group_names)):
        members = np.array(seen.groups) == group
        known = seen.known & members[:, None, None]
        values = residuals[known]
        level = max(1.4826 * taken * float(np.median(np.abs(values))), MIN_NOISE_PX) if len(values) else MIN_NOISE_PX
        levels.append(level)
        if len(values):
            weights[known] = _student((values * taken / level) ** 2) / level**2
    return Noise(weights, np.array(levels), view_shift_px, _outline_factor(seen, outline))


def _student(scaled: FloatArray) -> FloatArray:
    """Return Student's weights of squared components (N, 2), scaled to such residuals' sandwich information."""
    squares = scaled.sum(axis=1)
    weights: FloatArray = (STUDENT + 2.0) / (STUDENT + squares)
    slope = float(np.mean(weights - weights**2 * squares / (STUDENT + 2.0)))
    spread = float(np.mean(weights**2 * squares / 2.0))
    result: FloatArray = weights * (slope**2 / (spread * float(np.mean(weights))))
    return result


def _outline_factor(seen: Observations, residuals: FloatArray) -> float:
    squares = np.einsum("cfi,cfij,cfj->cf", residuals, seen.outline_weights, residuals)
    ranks = (np.einsum("cfii->cfi", seen.outline_weights) > 0.0).sum(axis=2)
    known = ranks > 0
    if not known.any() or not squares.any():
        return 1.0
    return max(1.0, float(np.sqrt(np.median(squares[known] / ranks[known]) / 0.84)))


def _view_medians(seen: Observations) -> FloatArray:
    medians = np.zeros((*seen.known.shape[:2], 1, 2))
    for at in zip(*np.nonzero(seen.known.any(axis=2)), strict=True):
        medians[at] = np.median(seen.errors[at][seen.known[at]], axis=0)
    return medians


def _shift_scatter(seen: Observations, solution: _Solution, noise: Noise) -> float:
    """Return the scatter of the views' mean residuals about their camera's, noise taken off; 0 with one frame."""
    counts = seen.known.sum(axis=2)
    means = (solution.residuals * seen.known[..., None]).sum(axis=2) / np.maximum(counts, 1)[..., None]
    means = means + solution.shifts
    scatter = []
    for camera in range(len(seen.names)):
        seen_in = counts[camera] >= 6
        if seen_in.sum() >= 2:
            free = seen_in.sum() / (seen_in.sum() - 1.0)
            values = means[camera][seen_in] - means[camera][seen_in].mean(axis=0)
            level = noise.noise_px[seen.groups[camera]] ** 2 * float((1.0 / counts[camera][seen_in]).mean())
            scatter.append(float((values**2).mean()) * free - 1.3 * level)
    return float(np.sqrt(max(np.median(scatter), 0.0))) if scatter else 0.0


def _solve(seen: Observations, noise: Noise, tau_px: FloatArray, priors: Priors) -> _Solution:
    """Solve the normal equations with every camera eliminated by itself."""
    normal, right = _nuisance_system(seen, noise, priors)
    eliminated = []
    for camera in range(len(seen.names)):
        local, cross, target = _camera_system(seen, noise, camera)
        prior = np.zeros(len(local))
        prior[:NUM] = 1.0 / max(float(tau_px[camera]), MIN_TAU_PX) ** 2
        prior[NUM:] = 1.0 / max(noise.view_shift_px, MIN_TAU_PX) ** 2
        inverse = np.linalg.inv(local + np.diag(prior))
        carried = inverse @ cross
        normal -= cross.T @ carried
        right -= carried.T @ target
        eliminated.append((inverse, carried, target, prior))
    spread = np.linalg.inv(normal)
    nuisance = spread @ right
    posteriors, thetas = [], []
    num_fitted = float((1.0 - _prior_precision(seen, priors) * np.diag(spread)).sum())
    for inverse, carried, target, prior in eliminated:
        theta = inverse @ target - carried @ nuisance
        covariance = inverse + carried @ spread @ carried.T
        num_fitted += float((1.0 - prior * np.diag(covariance)).sum())
        posteriors.append(posterior_of(theta[:NUM], covariance[:NUM, :NUM], prior[:NUM]))
        thetas.append(theta)
    return replace(_with_residuals(seen, posteriors, np.array(thetas), nuisance), num_fitted=num_fitted)


def posterior_of(theta: FloatArray, covariance: FloatArray, prior: FloatArray) -> CameraPosterior:
    """Return a camera's posterior with the evidence told apart from its prior, (11,) precision."""
    precision = np.linalg.inv(covariance)
    information = precision - np.diag(prior)
    values, vectors = np.linalg.eigh(0.5 * (information + information.T))
    information = (vectors * np.clip(values, 0.0, None)) @ vectors.T
    return CameraPosterior(theta, covariance, information, precision @ theta)


def _camera_system(seen: Observations, noise: Noise, camera: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the camera's normal matrix (11 parameters, then 2 shifts for each frame), its cross terms and target."""
    _, frames, landmarks = seen.shape
    size = NUM + 2 * frames
    weights = noise.weights[camera]
    design = np.zeros((frames, landmarks, 2, size))
    design[..., :NUM] = seen.by_camera[camera]
    for frame in range(frames):
        design[frame, :, 0, NUM + 2 * frame] = design[frame, :, 1, NUM + 2 * frame + 1] = 1.0
    weighted = design * weights[..., None, None]
    flat = design.reshape(-1, size)
    local = weighted.reshape(-1, size).T @ flat
    target = weighted.reshape(-1, size).T @ seen.errors[camera].ravel()
    poses = np.einsum("fjka,fjkb->afb", weighted, seen.by_pose[camera]).reshape(size, -1)
    marks = np.einsum("fjka,fjkb->ajb", weighted, _mark_design(seen, camera)).reshape(size, -1)
    heavy = seen.outline_weights[camera] / noise.outline_factor**2
    outline = seen.outline_by_camera[camera]
    pulled = np.einsum("fia,fij->faj", outline, heavy)
    local[:NUM, :NUM] += np.einsum("faj,fjb->ab", pulled, outline)
    target[:NUM] += np.einsum("faj,fj->a", pulled, seen.outline_errors[camera])
    meshes = np.zeros((size, frames * _MESH))
    meshes[:NUM] = np.einsum("faj,fjb->afb", pulled, seen.outline_by_pose[camera]).reshape(NUM, -1)
    return local, np.concatenate([poses, marks, meshes], axis=1), target


def _mark_design(seen: Observations, camera: int) -> FloatArray:
    """Return (F, L, 2, 7): derivatives by a landmark's error and by the detector's bias there."""
    _, frames, landmarks = seen.shape
    design = np.zeros((frames, landmarks, 2, _MARK))
    design[..., :3] = seen.by_point[camera]
    for term in range(NUM_BIAS):
        for axis in range(2):
            design[:, :, axis, 3 + 2 * term + axis] = seen.bias[camera, :, term, None]
    return design


def _nuisance_system(seen: Observations, noise: Noise, priors: Priors) -> tuple[FloatArray, FloatArray]:
    """Return the normal matrix and right side of poses, landmarks and meshes, priors included."""
    _, frames, landmarks = seen.shape
    poses, marks, meshes = frames * _POSE, landmarks * _MARK, frames * _MESH
    normal, right = np.zeros((poses + marks + meshes,) * 2), np.zeros(poses + marks + meshes)
    pose_block, mark_block = np.zeros((frames, _POSE, _POSE)), np.zeros((landmarks, _MARK, _MARK))
    mesh_block = np.zeros((frames, _MESH, _MESH))
    cross = np.zeros((frames, _POSE, landmarks, _MARK))
    for camera in range(len(seen.names)):
        weights = noise.weights[camera][..., None, None]
        pose, mark, errors = seen.by_pose[camera], _mark_design(seen, camera), seen.errors[camera]
        pose_block += np.einsum("fjka,fjkb->fab", pose * weights, pose)
        mark_block += np.einsum("fjka,fjkb->jab", mark * weights, mark)
        cross += np.einsum("fjka,fjkb->fajb", pose * weights, mark)
        right[:poses] += np.einsum("fjka,fjk->fa", pose * weights, errors).ravel()
        right[poses : poses + marks] += np.einsum("fjka,fjk->ja", mark * weights, errors).ravel()
        pulled = np.einsum("fia,fij->faj", seen.outline_by_pose[camera], seen.outline_weights[camera])
        pulled = pulled / noise.outline_factor**2
        mesh_block += np.einsum("faj,fjb->fab", pulled, seen.outline_by_pose[camera])
        right[poses + marks :] += np.einsum("faj,fj->fa", pulled, seen.outline_errors[camera]).ravel()
    _put_blocks(normal, 0, pose_block)
    _put_blocks(normal, poses, mark_block)
    _put_blocks(normal, poses + marks, mesh_block)
    mixed = cross.reshape(poses, marks)
    normal[:poses, poses : poses + marks] = mixed
    normal[poses : poses + marks, :poses] = mixed.T
    normal[np.diag_indices(len(normal))] += _prior_precision(seen, priors)
    return normal, right


def _put_blocks(normal: FloatArray, start: int, blocks: FloatArray) -> None:
    """Fill diagonal blocks of a matrix that is being built."""
    for block in blocks:
        stop = start + len(block)
        normal[start:stop, start:stop] = block
        start = stop


def _prior_precision(seen: Observations, priors: Priors) -> FloatArray:
    _, frames, landmarks = seen.shape
    step = priors.step * seen.extent
    pose = [priors.turn_rad] * 3 + [step] * 3
    mark = [priors.landmark * seen.extent] * 3 + [priors.bias_px] * (2 * NUM_BIAS)
    mesh = [*pose, priors.growth]
    result: FloatArray = (
        np.concatenate([np.tile(pose, frames), np.tile(mark, landmarks), np.tile(mesh, frames)]) ** -2.0
    )
    return result


def _with_residuals(
    seen: Observations, posteriors: Sequence[CameraPosterior], thetas: FloatArray, nuisance: FloatArray
) -> _Solution:
    count, frames, landmarks = seen.shape
    poses, marks = frames * _POSE, landmarks * _MARK
    pose = nuisance[:poses].reshape(frames, _POSE)
    mark = nuisance[poses : poses + marks].reshape(landmarks, _MARK)
    mesh = nuisance[poses + marks :].reshape(frames, _MESH)
    shifts = thetas[:, NUM:].reshape(count, frames, 2)
    residuals = seen.errors - np.einsum("cfjka,ca->cfjk", seen.by_camera, thetas[:, :NUM]) - shifts[:, :, None]
    residuals = residuals - np.einsum("cfjka,fa->cfjk", seen.by_pose, pose)
    for camera in range(count):
        residuals[camera] -= np.einsum("fjka,ja->fjk", _mark_design(seen, camera), mark)
    outline = seen.outline_errors - np.einsum("cfia,ca->cfi", seen.outline_by_camera, thetas[:, :NUM])
    outline = outline - np.einsum("cfia,fa->cfi", seen.outline_by_pose, mesh)
    return _Solution(tuple(posteriors), residuals * seen.known[..., None], outline, shifts, 0.0)
