"""Medians, and quantiles of rows of which some values are not known."""

from __future__ import annotations

import numpy as np

from renderkit.arrays import BoolArray, FloatArray


def median_of(values: FloatArray) -> float:
    """Return the median of (N,) values, none of them NaN, N > 0: as `np.median`, in a fifth of its time for few."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half]))


def row_quantiles(values: FloatArray, known: BoolArray, share: float) -> FloatArray:
    """Return the quantiles of the known values of each row, the last axis, linearly interpolated; 0 without any."""
    if not values.shape[-1]:
        return np.zeros(values.shape[:-1])
    last = known.sum(axis=-1) - 1
    ordered = np.sort(np.where(known, values, np.inf), axis=-1)
    place = share * np.maximum(last, 0)
    low = place.astype(np.intp)
    first, second = (
        np.where(last >= 0, np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0], 0.0)
        for at in (low, np.minimum(low + 1, np.maximum(last, 0)))
    )
    result: FloatArray = first + (place - low) * (second - first)
    return result
