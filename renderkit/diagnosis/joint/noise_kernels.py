"""The loops of the outlines' noise, compiled: one step follows from the one before."""

from __future__ import annotations

from renderkit.arrays import FloatArray
from renderkit.compiled import kernel


@kernel
def pass_along(
    odds: FloatArray, to_good: FloatArray, to_stray: FloatArray, stays: tuple[float, float], result: FloatArray
) -> None:
    """Pass what the samples of closed curves say on to those after them, from one round before the first.

    Args:
        odds: (N, R) how many times likelier each sample of R curves is if it is no stray.
        to_good: (R,) probability that the sample after a stray is a good one, as it is passed on along each curve.
        to_stray: (R,) probability that the sample after a good one is a stray, likewise.
        stays: Probabilities that a good sample follows a good one, and a stray a stray.
        result: (N, R) receives how many times likelier each sample is by those before it.
    """
    count = odds.shape[0]
    result[0] = 1.0
    for step in range(2 * count - 1):
        own, before, after = odds[step % count], result[step % count], result[(step + 1) % count]
        for curve in range(to_good.shape[0]):
            good = before[curve] * own[curve]
            after[curve] = (stays[0] * good + to_good[curve]) / (to_stray[curve] * good + stays[1])
