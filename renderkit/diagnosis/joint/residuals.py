"""What the residuals of an estimate say about noise: before the first estimate, and after one with priors."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.noise import Noise
from renderkit.diagnosis.joint.normal_equations import layout_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.solve import Solution
from renderkit.diagnosis.row_quantiles import row_quantiles

_CENTRED: Final = (2, 6, 7, 8)
"""Roll, focal length and principal point: what a view's outline is centred by."""

MIN_SHIFT_PX: Final = 0.005
MIN_MARKS: Final = 6
"""A view with fewer landmarks says nothing about how views shift."""

_CENTRING_ROUNDS = 4
_LOOSE_PX = 5.0
_MAX_SHIFT_TIMES = 12.0


def view_medians(seen: Observations) -> FloatArray:
    """Return (C, F, 1, 2) medians of the landmarks' errors of each view; 0 without landmarks."""
    errors = np.moveaxis(seen.errors, 3, 2)
    known = np.broadcast_to(seen.known[:, :, None], errors.shape)
    return row_quantiles(errors, known, 0.5)[:, :, None]


def centred_offsets(seen: Observations) -> FloatArray:
    """Return the outlines' offsets without each view's own shift, growth and roll, which are fitted robustly."""
    result = seen.offsets.copy()
    views = np.nonzero(seen.offset_known.any(axis=2))
    known, values = seen.offset_known[views], seen.offsets[views]
    design = seen.offset_by_camera[views][..., list(_CENTRED)]
    found = np.zeros((len(values), len(_CENTRED), 1))
    held = 1e-6 * known.sum(axis=1)[:, None, None] * np.eye(len(_CENTRED))
    for _ in range(_CENTRING_ROUNDS):
        left = values - (design @ found)[..., 0]
        width = np.maximum(row_quantiles(np.abs(left), known, 0.5), 1e-3)
        weighted = design * (known / (1.0 + (left / width[:, None]) ** 2))[..., None]
        found = np.linalg.solve(weighted.swapaxes(1, 2) @ design + held, weighted.swapaxes(1, 2) @ values[..., None])
    result[views] = np.where(known, values - (design @ found)[..., 0], values)
    return result


def free_offsets(seen: Observations, offsets: FloatArray, noise: Noise) -> tuple[FloatArray, FloatArray]:
    """Return the outlines' residuals as they are when each camera's numbers are free: what is noise and no fault.

    Held by its prior a faulty camera would leave residuals that look like noise, and with that noise like no fault.
    And (C,) how many numbers of each camera were fitted.
    """
    result, cameras = offsets.copy(), np.flatnonzero(seen.has_outlines)
    shape = (len(cameras), offsets.shape[1] * offsets.shape[2])
    values, weights = offsets[cameras].reshape(shape), noise.offset_weights[cameras].reshape(shape)
    # Derivatives and weights of samples that are not known are zero.
    design = seen.offset_by_camera[cameras].reshape(*values.shape, seen.num_local)
    weighted = design * weights[..., None]
    normal = weighted.swapaxes(1, 2) @ design
    inverse = np.linalg.inv(normal + np.eye(seen.num_local) / _LOOSE_PX**2)
    found = inverse @ (weighted.swapaxes(1, 2) @ values[..., None])
    fitted = np.zeros(len(offsets))
    fitted[cameras] = np.einsum("cab,cba->c", inverse, normal)
    left = values - (design @ found)[..., 0]
    result[cameras] = left.reshape(len(cameras), *offsets.shape[1:]) * seen.offset_known[cameras]
    return result, fitted


def shift_scatter(seen: Observations, solution: Solution, before: float) -> float:
    """Return the scatter of single views' shifts, px; 0 with one frame.

    By moments: an estimate that the prior `before` has shrunk by a factor g has the mean square
    g^2 (scatter^2 + v), where v = before^2 (1 - g) / g is what noise, poses and the camera add.
    """
    counts = seen.known.sum(axis=2) >= MIN_MARKS
    squares, shrunk = [], []
    for camera in np.flatnonzero(counts.sum(axis=1) >= 2):
        own = counts[camera]
        shifts = solution.shifts[camera][own]
        # The mean over frames is the camera's: only differences between its views count.
        centred = np.eye(len(shifts)) - 1.0 / len(shifts)
        free = len(shifts) - 1.0
        covariance = solution.shift_covariances[camera][np.ix_(own, own)].mean(axis=2)
        squares.append(float(((centred @ shifts) ** 2).mean(axis=1).sum() / free))
        shrunk.append(1.0 - float((centred * covariance).sum()) / (free * before**2))
    if not squares:
        return 0.0
    known, factors = np.array(squares), np.clip(shrunk, 1e-6, 1.0)
    # A view whose detections are of something else does not count as shifted by so much.
    known = np.minimum(known, _MAX_SHIFT_TIMES * float(np.median(known)))
    excess = float((known - before**2 * factors * (1.0 - factors)).sum() / (factors**2).sum())
    return max(math.sqrt(max(excess, 0.0)), MIN_SHIFT_PX)


def mesh_px(seen: Observations, solution: Solution) -> FloatArray:
    """Return (C,) RMS displacements of the cameras' outlines by the errors of the mesh's shape, px.

    A scan of another moment or of another kind is off by more than smooth displacements can follow. What they leave is
    not the same in all cameras, and no error of theirs.
    """
    squares = (seen.offset_by_shape @ solution.shared[layout_of(seen).shapes]) ** 2
    result: FloatArray = np.sqrt(squares.sum(axis=(1, 2)) / np.maximum(seen.offset_known.sum(axis=(1, 2)), 1))
    return result
