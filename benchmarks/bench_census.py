"""The census on a simulated dataset: `python benchmarks/bench_census.py` prints recall, false alarms and views read.

500 people x 21 captures x 60 cameras x 810 frames; one camera in a hundred is off. A healthy camera's views scatter
with heavy tails (2 % stand out by themselves); one that is off is worse by 0.5 to 3 px, or 0.02 to 0.1 of IoU, in three
views of four, as where a head turns away from what is wrong.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from numpy.typing import NDArray

from renderkit.diagnosis.census import CaptureCensus, SequentialTest
from renderkit.results.kinds import RANKING_METRICS

FRAMES, CAMERAS = 810, 60
SHARE_OFF = 0.01


def simulate(num_captures: int, seed: int = 0) -> tuple[float, float, float, int]:
    """Return recall, share of false alarms, share of views read, and cameras that could not be told."""
    lot = np.random.default_rng(seed)
    hits = wrong = unknown = num_off = read = 0
    for _ in range(num_captures):
        off = lot.random(CAMERAS) < SHARE_OFF
        decisions, views = census_of(off, lot)
        called = np.array([decision == "off" for decision in decisions])
        unknown += sum(decision == "cannot tell" for decision in decisions)
        hits += int((called & off).sum())
        wrong += int((called & ~off).sum())
        num_off += int(off.sum())
        read += views
    healthy = num_captures * CAMERAS - num_off
    return hits / max(1, num_off), wrong / healthy, read / (num_captures * CAMERAS * FRAMES), unknown


def census_of(off: NDArray[np.bool_], lot: np.random.Generator) -> tuple[tuple[str, ...], int]:
    """Return the decisions on one capture's cameras, and how many views were read."""
    shift = lot.uniform(0.5, 3.0, CAMERAS)
    census = CaptureCensus(CAMERAS, SequentialTest())
    for _ in range(FRAMES):
        wanted = np.array(census.undecided, np.int64)
        if not len(wanted):
            break
        worse = np.abs(lot.normal(0.0, 0.05, len(wanted)))
        worse += (lot.random(len(wanted)) < 0.02) * lot.exponential(1.0, len(wanted))
        worse += off[wanted] * (lot.random(len(wanted)) < 0.75) * shift[wanted]
        values = np.full((len(RANKING_METRICS), len(wanted)), np.nan)
        for row, metric in enumerate(RANKING_METRICS):
            if metric.name == "iou":
                values[row] = 0.985 - worse / 30.0
            elif metric.unit == "px":
                values[row] = 0.45 + worse
        census.add(wanted.tolist(), values)
    return census.decisions, int(census.num_views.sum())


if __name__ == "__main__":
    captures = int(sys.argv[1]) if len(sys.argv) > 1 else 500 * 21
    started = time.monotonic()
    recall, alarms, share, undecided = simulate(captures)
    print(f"{captures} captures of {CAMERAS} cameras and {FRAMES} frames, {100 * SHARE_OFF:g} % of the cameras off")
    print(f"recall {100 * recall:.3f} %, false alarms {100 * alarms:.4f} %, views read {100 * share:.3f} %")
    print(f"cannot tell: {undecided}; {time.monotonic() - started:.0f} s")
