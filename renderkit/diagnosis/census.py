"""Which cameras of a capture are off, from as few views as the answer needs: a sequential probability ratio test each.

A. Wald, Sequential Analysis (1947): with the bounds log((1 - miss) / false alarm) and log(miss / (1 - false alarm)) on
the log likelihood ratio, the two error probabilities hold to the extent that views are independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.metrics.score_kind import Metric
from renderkit.results.cameras import MAD_TO_SIGMA, STANDS_OUT
from renderkit.results.kinds import RANKING_METRICS

Decision: TypeAlias = Literal["off", "healthy", "cannot tell"]

MIN_CAMERAS: Final = 4
"""With fewer cameras nothing says which of them is off."""


@dataclass(frozen=True)
class SequentialTest:
    """How sure a decision has to be, and what is decided between.

    Attributes:
        miss: Probability with which a camera that is off is called healthy.
        false_alarm: Probability with which a healthy camera is called off.
        healthy_share: Of a healthy camera's views, so many at most stand out.
        off_share: Of the views of a camera that is off, so many at least stand out.
        max_views: Views of one camera after which it is "cannot tell".
    """

    miss: float = 0.005
    false_alarm: float = 0.005
    healthy_share: float = 0.05
    off_share: float = 0.6
    max_views: int = 64

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ValueError: If a probability is not in (0, 0.5), or the shares are not in order.
        """
        for name in ("miss", "false_alarm"):
            if not 0.0 < getattr(self, name) < 0.5:
                raise ValueError(f"{name}: expected a probability above 0 and below 0.5, got {getattr(self, name):g}")
        if not 0.0 < self.healthy_share < self.off_share < 1.0:
            raise ValueError(f"expected 0 < healthy_share < off_share < 1, got {self.healthy_share}, {self.off_share}")

    def decide(self, num_off: int, num_views: int) -> Decision | None:
        """Return what so many views of which so many stand out amount to; None while it is open."""
        ratio = num_off * math.log(self.off_share / self.healthy_share)
        ratio += (num_views - num_off) * math.log((1.0 - self.off_share) / (1.0 - self.healthy_share))
        if ratio >= math.log((1.0 - self.miss) / self.false_alarm):
            return "off"
        if ratio <= math.log(self.miss / (1.0 - self.false_alarm)):
            return "healthy"
        return "cannot tell" if num_views >= self.max_views else None


class CaptureCensus:
    """The cameras of one capture, decided one after the other as frames are read."""

    def __init__(self, num_cameras: int, test: SequentialTest, metrics: Sequence[Metric] = RANKING_METRICS) -> None:
        """Start with no view read.

        Args:
            num_cameras: Cameras of the capture.
            test: How sure decisions have to be.
            metrics: What cameras are compared by; each has a `ranking`.
        """
        self._test = test
        self._floors = np.array([metric.ranking.floor if metric.ranking else math.inf for metric in metrics])
        self._signs = np.array([1.0 if metric.better == "lower" else -1.0 for metric in metrics])
        self._seen: list[FloatArray] = []
        self.num_views = np.zeros(num_cameras, np.int64)
        self.num_off = np.zeros(num_cameras, np.int64)
        enough = num_cameras >= MIN_CAMERAS
        self._decisions: list[Decision | None] = [None if enough else "cannot tell"] * num_cameras

    @property
    def undecided(self) -> tuple[int, ...]:
        """Indices of the cameras that more views are needed of."""
        return tuple(index for index, decision in enumerate(self._decisions) if decision is None)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What each camera is; one that is undecided when frames run out cannot be told."""
        return tuple("cannot tell" if decision is None else decision for decision in self._decisions)

    def add(self, cameras: Sequence[int], values: FloatArray) -> None:
        """Take note of one frame.

        A view stands out where a metric lies `STANDS_OUT` robust standard deviations from the median of all views of
        the capture that were read. One without any number says nothing.

        Args:
            cameras: (N,) indices of the cameras that were read.
            values: (M, N) value of each metric; NaN where it could not be computed.
        """
        self._seen.append(values)
        seen = np.concatenate(self._seen, axis=1)
        off = np.zeros(len(cameras), np.bool_)
        for row, (every, floor, sign) in enumerate(zip(seen, self._floors, self._signs, strict=True)):
            known = every[np.isfinite(every)]
            if not len(known):
                continue
            median = np.median(known)
            spread = max(MAD_TO_SIGMA * float(np.median(np.abs(known - median))), float(floor))
            off[np.nan_to_num(sign * (values[row] - median) / spread) >= STANDS_OUT] = True
        told = np.asarray(np.isfinite(values).any(axis=0))
        for place, camera in enumerate(cameras):
            if told[place]:
                self.num_views[camera] += 1
                self.num_off[camera] += off[place]
                self._decisions[camera] = self._test.decide(int(self.num_off[camera]), int(self.num_views[camera]))
