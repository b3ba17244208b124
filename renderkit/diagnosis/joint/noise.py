"""Noise levels and robust weights, estimated from residuals: landmarks by group of cameras, outlines by camera."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.row_quantiles import row_quantiles

MIN_NOISE_PX: Final = 0.05
STUDENT: Final = 4.0
MIN_OUTLINE_PX: Final = 0.02
PATCHES: Final = 16.0
"""Errors of a mesh along one outline are as many independent ones."""

_HUBER: Final = 2.0
_HUBER_SHARE: Final = 0.9205
"""Mean of the smaller of z^2 and 4 for a standard normal z."""

_SCALE_ROUNDS = 15
_EM_ROUNDS = 6
_START_SHARE = 0.4
_START_Z = 0.524
LEAVES: Final = 0.02
"""Probability that the sample after a good one is a stray."""


RETURNS: Final = 0.06
"""Probability that the sample after a stray is a good one."""

_MIN_INLIERS = 0.02
_REACH = 8.0
"""Strays lie within so many times the noise, at least: what is spread over less is noise, not strays."""

_MOST_ALIKE = 0.85
_MOST_TAKEN = 0.6
_ALIKE_ROUNDS = 4
_MAX_GAIN = 2.0


@dataclass(frozen=True, eq=False)
class Noise:
    """How much each number weighs.

    Attributes:
        weights: (C, F, L) of the landmarks, 1 / px^2, per component.
        steps: (C, F, L, 2) px, to be added to the landmarks' errors: with it the weighted equations take Newton's step
            from the residuals that the weights come from. Reweighting alone is right only where it has converged, and
            a camera that is held by its prior never does: its score would be too small by a quarter.
        noise_px: (G,) of the landmarks in each group, per component.
        view_shift_px: Scatter of whole views' detections, per component.
        offset_weights: (C, F, N) of the outlines' samples, 1 / px^2, correlation along the outline counted.
        outline_px: (C,) noise of one sample.
        correlation: (C,) how many neighbouring samples count as one.
        strays: (C,) share of the samples that belong to no outline of the mesh: hair, a missing part, no edge.
    """

    weights: FloatArray
    steps: FloatArray
    noise_px: FloatArray
    view_shift_px: float
    offset_weights: FloatArray
    outline_px: FloatArray
    correlation: FloatArray
    strays: FloatArray

    def inflated(self, factors: FloatArray) -> Noise:
        """Return the noise with variances larger by a factor (C,) for each camera."""
        per_camera = factors[:, None, None]
        return replace(self, weights=self.weights / per_camera, offset_weights=self.offset_weights / per_camera)


def noise_of(
    seen: Observations,
    residuals: FloatArray,
    offsets: FloatArray,
    view_shift_px: float,
    num_fitted: float = 0.0,
    outline_fitted: FloatArray | float = 0.0,
    *,
    mesh_px: FloatArray | float = 0.0,
) -> Noise:
    """Return noise and weights that state the information rightly on average.

    Args:
        seen: The evidence.
        residuals: (C, F, L, 2) px.
        offsets: (C, F, N) residuals of the outlines, px.
        view_shift_px: Scatter of whole views.
        num_fitted: Effective number of fitted parameters: residuals are smaller than the noise by what they took up.
        outline_fitted: (C,) the same of the outlines of each camera.
        mesh_px: (C,) errors of the mesh along the outlines that are not modelled.
    """
    count = max(2.0 * float(seen.known.sum()), 1.0)
    taken = float(np.sqrt(count / max(count - num_fitted, 0.1 * count)))
    weights, steps = np.zeros(seen.known.shape), np.zeros(residuals.shape)
    levels = []
    for group in range(len(seen.group_names)):
        members = np.array(seen.groups) == group
        known = seen.known & members[:, None, None]
        values = residuals[known]
        level = max(taken * _scale(values), MIN_NOISE_PX) if len(values) else MIN_NOISE_PX
        levels.append(level)
        if len(values):
            found, gain = _student((values * taken / level) ** 2)
            weights[known] = found / level**2
            steps[known] = (gain - 1.0) * values
    outline = _outline_noise(seen, offsets, np.broadcast_to(outline_fitted, len(seen.names)), mesh_px)
    return Noise(
        weights=weights,
        steps=steps,
        noise_px=np.array(levels),
        view_shift_px=view_shift_px,
        offset_weights=outline.weights,
        outline_px=outline.sigma,
        correlation=outline.correlation,
        strays=outline.strays,
    )


def landmark_noise_px(seen: Observations, noise: Noise) -> float:
    """Return the median noise, per component, over the groups of cameras that have landmarks; NaN where none has."""
    marked = sorted({seen.groups[index] for index in np.flatnonzero(seen.has_landmarks)})
    return float(np.median(noise.noise_px[marked])) if marked else math.nan


def _scale(values: FloatArray) -> float:
    """Return the standard deviation of residuals of which a few are outliers (Huber 1981, section 6.4, "proposal 2").

    Where a few cameras leave few degrees of freedom, a robust fit passes through the nearest half of the landmarks, and
    the median of the residuals says nothing about the noise; their mean square does.
    """
    squares = values.ravel() ** 2
    square = float(squares.mean())
    for _ in range(_SCALE_ROUNDS):
        square = float(np.minimum(squares, _HUBER**2 * square).mean()) / _HUBER_SHARE
    return math.sqrt(square)


def _student(scaled: FloatArray) -> tuple[FloatArray, float]:
    """Return Student's weights of squared components (N, 2), scaled to such residuals' sandwich information.

    And the factor of the residuals that makes a weighted step Newton's, with the mean slope of the score (Huber 1981,
    "Robust Statistics", section 7.8).
    """
    squares = scaled.sum(axis=1)
    weights: FloatArray = (STUDENT + 2.0) / (STUDENT + squares)
    slope = float(np.mean(weights - weights**2 * squares / (STUDENT + 2.0)))
    spread = float(np.mean(weights**2 * squares / 2.0))
    mean = float(np.mean(weights))
    result: FloatArray = weights * (slope**2 / (spread * mean))
    return result, min(mean / slope, _MAX_GAIN) if slope > 0.0 else _MAX_GAIN


@dataclass(frozen=True, eq=False)
class _OutlineNoise:
    weights: FloatArray
    sigma: FloatArray
    correlation: FloatArray
    strays: FloatArray


def _outline_noise(
    seen: Observations, offsets: FloatArray, fitted: FloatArray, mesh_px: FloatArray | float
) -> _OutlineNoise:
    count, cameras = len(seen.names), np.flatnonzero(seen.has_outlines)
    weights, sigma = np.zeros(seen.offset_known.shape), np.full(count, MIN_OUTLINE_PX)
    correlation, strays = np.ones(count), np.zeros(count)
    if len(cameras):
        known, curves = seen.offset_known[cameras], seen.curves[cameras]
        values = offsets[cameras] * known
        flat = (len(cameras), -1)
        odds, sigma[cameras] = _mixtures(values.reshape(flat), known.reshape(flat))
        inlying = inlier_probabilities(odds.reshape(known.shape)) * known
        weights[cameras] = inlying
        drawn = (curves >= 0.0).sum(axis=(1, 2))
        strays[cameras] = 1.0 - inlying.sum(axis=(1, 2)) / np.maximum(drawn, 1.0)
        own, taken = _correlations(
            values * inlying, curves, fitted[cameras] / np.maximum(inlying.sum(axis=(1, 2)), 1.0)
        )
        sigma[cameras] *= taken
        # One camera's own estimate is noisy, and residuals after a fit look less correlated than they are.
        correlation[cameras] = np.maximum(own, float(np.median(own)))
    samples = seen.offset_known.sum(axis=(1, 2)) / np.maximum(seen.offset_known.any(axis=2).sum(axis=1), 1)
    variance = sigma**2 * correlation + mesh_px**2 * samples / PATCHES
    return _OutlineNoise(weights / variance[:, None, None], sigma, correlation, strays)


def inlier_probabilities(odds: FloatArray) -> FloatArray:
    """Return (C, F, N) probabilities that samples along closed curves are no strays, from their own odds.

    Hair and missing parts are arcs, not single samples: one that lies right amid strays is a stray by chance. A hidden
    Markov chain of two states around the curve (Rabiner 1989, "A tutorial on hidden Markov models", section III),
    forward and backward, each started one round before.
    """
    # What lies before a sample and what lies after it say how many times likelier it is that it is no stray.
    before, after = _passed(np.stack([odds, odds[..., ::-1]]))
    both = before * odds * after[..., ::-1]
    result: FloatArray = 1.0 - 1.0 / (1.0 + both)
    return result


def _passed(odds: FloatArray) -> FloatArray:
    """Return (2, C, F, N) what the samples before each say about it, forward along the curve and backward."""
    from renderkit.diagnosis.joint.noise_kernels import pass_along  # noqa: PLC0415 - loads the compiler

    rows = np.ascontiguousarray(odds.reshape(-1, odds.shape[3]).T)
    # Backward along the curve a stray comes after what it was before.
    to_good, to_stray = (np.repeat(one, rows.shape[1] // 2) for one in ((RETURNS, LEAVES), (LEAVES, RETURNS)))
    result = np.empty_like(rows)
    pass_along(rows, to_good, to_stray, (1.0 - LEAVES, 1.0 - RETURNS), result)
    return result.T.reshape(odds.shape)


def _mixtures(values: FloatArray, known: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Split each row of (C, M) offsets into noise about 0 and strays that are spread evenly on each side.

    Hair lies outside the mesh and a bite inside, so the two sides have shares of their own. Expectation maximisation
    (Dempster, Laird and Rubin 1977), started from the middle share of the sizes.

    Args:
        values: (C, M) px; 0 where not known.
        known: (C, M), some in every row.

    Returns:
        (C, M) how many times likelier a sample is if it is no stray, and (C,) the noise in px.
    """
    sizes, counts = np.abs(values), known.sum(axis=1)
    sigma = np.maximum(row_quantiles(sizes, known, _START_SHARE) / _START_Z, MIN_OUTLINE_PX)
    reach = np.maximum(sizes.max(axis=1, initial=0.0), np.maximum(1.0, _REACH * sigma))
    outside, squares = values > 0.0, values**2
    share, sides = np.full(len(values), 0.8), np.full((2, len(values)), 0.1)
    odds: FloatArray = np.ones(values.shape)
    for _ in range(_EM_ROUNDS):
        core = np.exp(squares * (-0.5 / sigma**2)[:, None]) / (sigma * np.sqrt(2.0 * np.pi))[:, None]
        stray = np.where(outside, (sides[0] / reach)[:, None], (sides[1] / reach)[:, None])
        odds = core * sides.sum(axis=0)[:, None] / np.maximum(stray, 1e-300)
        mine = share[:, None] * core
        inlier = np.where(known, mine / (mine + stray), 0.0)
        total, out = inlier.sum(axis=1), known & outside
        share = np.maximum(total / counts, _MIN_INLIERS)
        beyond = np.where(out, 1.0 - inlier, 0.0).sum(axis=1)
        sides = np.maximum(np.stack([beyond, counts - total - beyond]), 0.5) / counts
        sigma = np.maximum(np.sqrt((inlier * squares).sum(axis=1) / np.maximum(total, 1.0)), MIN_OUTLINE_PX)
    return np.where(known, odds, 1.0), sigma


def _correlations(values: FloatArray, curves: FloatArray, fitted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return for each camera how many neighbouring samples of (C, F, N) residuals count as one, and what a fit took.

    Errors along an outline are taken for a process of first order. What is fitted moves over a long way along the
    outline, where such errors are largest: a share `fitted` (C,) of the samples takes (1 + a) / (1 - a) times as much
    of their variance, where a is the correlation of neighbours, and all of that is correlated. So residuals look less
    correlated than errors are, and smaller.
    """
    square = (values**2).sum(axis=(1, 2))
    same = (curves[:, :, 1:] == curves[:, :, :-1]) & (curves[:, :, 1:] >= 0.0)
    products = np.where(same, values[:, :, 1:] * values[:, :, :-1], 0.0).sum(axis=(1, 2))
    seen = np.clip(products / np.maximum(square, 1e-300), 0.0, _MOST_ALIKE)
    alike = seen
    taken = np.zeros(len(values))
    for _ in range(_ALIKE_ROUNDS):
        taken = np.minimum(fitted * (1.0 + alike) / (1.0 - alike), _MOST_TAKEN)
        alike = np.clip(seen * (1.0 - taken) + taken, 0.0, _MOST_ALIKE)
    return (1.0 + alike) / (1.0 - alike), 1.0 / np.sqrt(1.0 - taken)
