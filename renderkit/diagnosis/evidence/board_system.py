"""The normal equations of a rig and a board: what every corner says of its camera, of the board's pose and size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.boards.poses import BoardPoses, Sighting
from renderkit.boards.refine import HUBER, noise_of
from renderkit.diagnosis.joint.parameters import NUM, linearise, units_of
from renderkit.geometry.derivatives import cross

POSE: Final = 6
_ROUNDS: Final = 3
_MEDIAN_VARIANCE: Final = 0.5 * math.pi
"""Variance of a median of normal values against that of their mean."""


@dataclass(frozen=True, eq=False)
class BoardSystem:
    """The normal equations, cameras apart from what they share; weights are those of the noise alone.

    Attributes:
        names: (C) the cameras.
        own: (C, P, P) information of each camera's parameters, in units of 1 px.
        target: (C, P).
        cross: (C, P, Q) with the Q numbers of all poses and the size.
        shared: (Q, Q).
        right: (Q,).
        units: (C, P) amount of each parameter for 1 px.
        num_views: (C) views of each.
        inflation: By how much the variance of a view's mean is larger than independent corners would leave.
        derivatives: By camera (N, 2, P): the displacement of every corner by 1 px of each parameter.
    """

    names: tuple[str, ...]
    own: FloatArray
    target: FloatArray
    cross: FloatArray
    shared: FloatArray
    right: FloatArray
    units: FloatArray
    num_views: tuple[int, ...]
    inflation: float
    derivatives: tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False)
class _ViewEquations:
    """One view's part: of its camera (P,), and of the pose and the size (7,); with (N, 2, P) derivatives."""

    own: FloatArray
    target: FloatArray
    cross: FloatArray
    shared: FloatArray
    right: FloatArray
    by_camera: FloatArray


def board_system(found: BoardPoses) -> BoardSystem:
    """Build the normal equations, linearised about the calibration and the poses."""
    used = [one for one, good in zip(found.sightings, found.used, strict=True) if good]
    names = tuple(dict.fromkeys(one.camera.name for one in used))
    frames, size = tuple(found.poses), POSE * len(found.poses) + 1
    own, target = np.zeros((len(names), NUM, NUM)), np.zeros((len(names), NUM))
    cross, shared, right = np.zeros((len(names), NUM, size)), np.zeros((size, size)), np.zeros(size)
    derivatives: list[list[FloatArray]] = [[] for _ in names]
    plain = [_without_affine(one.pixels, found.residuals(one)) for one in used]
    noise = noise_of(np.stack(plain))
    inflation = _inflation(found, used, noise)
    for one, left in zip(used, plain, strict=True):
        part = _view_equations(found, one, left, (noise, inflation))
        at = names.index(one.camera.name)
        place = np.append(np.arange(POSE) + POSE * frames.index(one.frame), size - 1)
        own[at] += part.own
        target[at] += part.target
        cross[at][:, place] += part.cross
        shared[np.ix_(place, place)] += part.shared
        right[place] += part.right
        derivatives[at].append(part.by_camera)
    joined = [np.concatenate(part) for part in derivatives]
    units = np.array([units_of(each) for each in joined])
    return BoardSystem(
        names=names,
        own=own * units[:, :, None] * units[:, None, :],
        target=target * units,
        cross=cross * units[:, :, None],
        shared=shared,
        right=right,
        units=units,
        num_views=tuple(len(part) for part in derivatives),
        inflation=inflation,
        derivatives=tuple(each * unit for each, unit in zip(joined, units, strict=True)),
    )


def _view_equations(found: BoardPoses, one: Sighting, left: FloatArray, noise: tuple[float, float]) -> _ViewEquations:
    pose = found.poses[one.frame]
    points = pose.apply(found.points)
    known = np.isfinite(left).all(axis=1)
    line = linearise(one.camera, points[known])
    arms = points[known] - pose.t
    turned = cross(arms[:, None, :], line.by_point)
    grown = (line.by_point * arms[:, None, :]).sum(axis=2, keepdims=True)
    by_pose = np.concatenate([turned, line.by_point, grown], axis=2).reshape(-1, POSE + 1)
    by_camera = line.by_camera.reshape(-1, NUM)
    errors = -found.residuals(one)[known].ravel()
    # A camera that is off must not look like outliers: what an affine map of its picture explains is taken out.
    weights = np.minimum(1.0, HUBER * noise[0] / np.maximum(np.abs(left[known].ravel()), 1e-12))
    weights = weights / (noise[0] ** 2 * noise[1])
    heavy, heavy_pose = by_camera.T * weights, by_pose.T * weights
    return _ViewEquations(
        heavy @ by_camera, heavy @ errors, heavy @ by_pose, heavy_pose @ by_pose, heavy_pose @ errors, line.by_camera
    )


def _without_affine(pixels: FloatArray, residuals: FloatArray) -> FloatArray:
    """Return (L, 2) residuals without their affine part, fitted robustly over a view; NaN stays NaN."""
    known = np.isfinite(residuals).all(axis=1)
    place = pixels[known] - pixels[known].mean(axis=0)
    design = np.column_stack([np.ones(len(place)), place / max(float(np.abs(place).max()), 1e-9)])
    values, weights = residuals[known], np.ones(len(place))
    left = values
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)[:, None]
        left = values - design @ np.linalg.lstsq(design * root, values * root, rcond=None)[0]
        length = np.linalg.norm(left, axis=1)
        weights = 1.0 / np.maximum(1.0, length / max(2.0 * float(np.median(length)), 1e-9))
    result = np.full_like(residuals, np.nan)
    # Three numbers for each axis were fitted.
    result[known] = left * math.sqrt(len(place) / max(len(place) - 3.0, 1.0))
    return result


def _inflation(found: BoardPoses, used: list[Sighting], noise: float) -> float:
    """Return by how much views scatter more than their corners: a view's errors are not quite independent."""
    medians: dict[str, list[FloatArray]] = {}
    for one in used:
        values = found.residuals(one)
        values = values[np.isfinite(values).all(axis=1)]
        # In units of what a median of so many corners scatters by.
        scaled = np.median(values, axis=0) * math.sqrt(len(values) / _MEDIAN_VARIANCE) / noise
        medians.setdefault(one.camera.name, []).append(scaled)
    several = [np.array(each) for each in medians.values() if len(each) > 2]
    ratios = [np.abs(each - np.median(each, axis=0)).ravel() for each in several]
    return max(1.0, (1.4826 * float(np.median(np.concatenate(ratios)))) ** 2) if ratios else 1.0
