"""Confidence intervals by bootstrap, and what a rig is summed up as."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import FloatArray, as_array


@dataclass(frozen=True)
class Interval:
    """An estimate with its bootstrap percentile interval.

    Attributes:
        estimate: The statistic of the data as they are; NaN without data.
        low: Lower end; NaN when it could not be computed.
        high: Upper end; NaN when it could not be computed.
        level: Confidence level.
        num_used: Values that are not NaN.
        num_draws: Draws that held at least one value.
    """

    estimate: float
    low: float
    high: float
    level: float
    num_used: int
    num_draws: int


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[FloatArray], float],
    *,
    num_draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Bound a statistic by resampling frames and landmarks.

    Frames and landmarks are both drawn with replacement (the pigeonhole bootstrap, Owen 2007): residuals of one
    landmark err together over frames, and those of one frame over landmarks, so single residuals are not independent.
    With a single frame only the landmarks are drawn, with a single landmark only the frames.

    Args:
        values: (F, L) one value per frame and landmark, such as distances in px; NaN where not used.
        statistic: Takes the (n,) values that are not NaN, n >= 1.
        num_draws: Number of resamples.
        level: Confidence level between 0 and 1.
        seed: Seed of the draws; the same seed gives the same interval.

    Raises:
        ValueError: If the values are not (F, L), or a setting is out of range.
    """
    table = as_array(values, np.float64, (None, None), "values")
    if not 0.0 < level < 1.0 or num_draws < 1:
        raise ValueError(f"expected 0 < level < 1 and num_draws >= 1, got level = {level:g}, num_draws = {num_draws}")
    known = table[np.isfinite(table)]
    unknown = float("nan")
    if not known.size:
        return Interval(unknown, unknown, unknown, level, 0, 0)
    generator = np.random.default_rng(seed)
    num_frames, num_landmarks = table.shape
    drawn = []
    for _ in range(num_draws):
        frames = generator.integers(num_frames, size=num_frames)
        landmarks = generator.integers(num_landmarks, size=num_landmarks)
        sample = table.take(frames, axis=0).take(landmarks, axis=1)
        sample = sample[np.isfinite(sample)]
        if sample.size:
            drawn.append(float(statistic(sample)))
    low, high = np.percentile(drawn, (50.0 * (1.0 - level), 50.0 * (1.0 + level))) if drawn else (unknown, unknown)
    return Interval(float(statistic(known)), float(low), float(high), level, known.size, len(drawn))


def rms(values: FloatArray) -> float:
    """Return sqrt(mean of squares), summed exactly."""
    return math.sqrt(math.fsum(values**2) / len(values))


@dataclass(frozen=True)
class RigSummary:
    """One number per camera, summed up without the mean, which hides the one camera that is wrong.

    Attributes:
        worst_camera: Name of the worst camera; None when no camera has a value.
        worst: Its value.
        p95: The value that 95 % of the cameras are no worse than.
        median: Median over cameras.
        num_cameras: Cameras with a value.
        not_computable: Names of cameras without one; they are no pass.
    """

    worst_camera: str | None
    worst: float
    p95: float
    median: float
    num_cameras: int
    not_computable: tuple[str, ...]


def summarise_rig(values: Mapping[str, float], *, larger_is_worse: bool = True) -> RigSummary:
    """Sum up a rig by its worst camera, its 95th-percentile camera and its median camera.

    Args:
        values: One number per camera; NaN where not computable.
        larger_is_worse: True for errors, False for overlaps such as IoU.
    """
    known = {name: value for name, value in values.items() if not math.isnan(value)}
    missing = tuple(name for name in values if name not in known)
    if not known:
        unknown = float("nan")
        return RigSummary(None, unknown, unknown, unknown, 0, missing)
    sign = 1.0 if larger_is_worse else -1.0
    # The first by name among equals, so that the answer does not depend on the order of the cameras.
    worst = min(known, key=lambda name: (-sign * known[name], name))
    badness = sign * np.array(sorted(known.values()))
    p95, median = sign * np.percentile(badness, (95.0, 50.0))
    return RigSummary(worst, known[worst], float(p95), float(median), len(known), missing)
