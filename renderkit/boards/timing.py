"""Whether a camera is early or late: its residuals along the board's motion, where the frames follow each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.boards.poses import BoardPoses
from renderkit.selection import natural_key

MIN_FRAMES: Final = 8
_SMOOTH: Final = 0.35
"""How far the board may lie from the middle of the frames before and after, as a share of the way between them, in the
median frame: a board that was carried through, and not put down anew for each picture."""

_MIN_SPEED_PX: Final = 1.0

LEAST_FRAMES: Final = 0.01
"""Smaller offsets are not told."""


@dataclass(frozen=True)
class TimeOffset:
    """How late a camera is.

    Attributes:
        camera: Camera name.
        frames: Its delay in frames; above 0 where its pictures show the board later than the others do.
        error: Standard error.
        degrees: Degrees of freedom of the error.
    """

    camera: str
    frames: float
    error: float
    degrees: int

    def is_clear(self, num_cameras: int) -> bool:
        """Whether so large an offset is rarer than 1 % in a rig of so many cameras that are in time."""
        limit = _student_limit(0.01 / num_cameras, self.degrees) * self.error
        return abs(self.frames) > max(limit, LEAST_FRAMES)


def time_offsets(found: BoardPoses) -> tuple[TimeOffset, ...]:
    """Return the offsets of all cameras that saw the board move; () where the frames do not follow each other."""
    order = sorted(found.poses, key=natural_key)
    numbers = [int(name) if name.isdecimal() and len(name) < 12 else None for name in order]
    if None in numbers:
        return ()
    at = {number: name for number, name in zip(numbers, order, strict=True) if number is not None}
    middle = found.points.mean(axis=0)
    between = [number for number in at if number - 1 in at and number + 1 in at]
    ways, bends = [], []
    for number in between:
        before, here, after = (found.poses[at[number + step]].apply(middle[None])[0] for step in (-1, 0, 1))
        ways.append(float(np.linalg.norm(after - before)))
        bends.append(float(np.linalg.norm(here - 0.5 * (before + after))))
    if len(between) < MIN_FRAMES or not np.median(ways) > 0.0:
        return ()
    if float(np.median(np.array(bends) / np.maximum(ways, 1e-12))) > _SMOOTH:
        return ()
    return _fitted(found, {at[number]: (at[number - 1], at[number + 1]) for number in between})


def _fitted(found: BoardPoses, neighbours: dict[str, tuple[str, str]]) -> tuple[TimeOffset, ...]:
    motions: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    for one, good in zip(found.sightings, found.used, strict=True):
        if good and one.frame in neighbours:
            before, after = (one.camera.project(found.points_world(frame)) for frame in neighbours[one.frame])
            speed, late = 0.5 * (after - before), -found.residuals(one)
            known = np.isfinite(speed).all(axis=1) & np.isfinite(late).all(axis=1)
            if known.sum() and np.linalg.norm(speed[known].mean(axis=0)) >= _MIN_SPEED_PX:
                motions.setdefault(one.camera.name, []).append((speed[known].mean(axis=0), late[known].mean(axis=0)))
    return tuple(_offset(camera, pairs) for camera, pairs in motions.items() if len(pairs) >= MIN_FRAMES // 2)


def _offset(camera: str, pairs: Sequence[tuple[FloatArray, FloatArray]]) -> TimeOffset:
    """Fit late = offset * speed + a shift of the camera, which is not one of time."""
    speeds, lates = (np.array(column) for column in zip(*pairs, strict=True))
    speeds, lates = speeds - speeds.mean(axis=0), lates - lates.mean(axis=0)
    power = float((speeds**2).sum())
    if not power > 0.0:
        return TimeOffset(camera, 0.0, math.inf, 1)
    offset = float((speeds * lates).sum()) / power
    free = max(2 * len(pairs) - 3, 1)
    left = float(((lates - offset * speeds) ** 2).sum()) / free
    return TimeOffset(camera, offset, math.sqrt(left / power), free)


def _student_limit(probability: float, degrees: int) -> float:
    """Return the two-sided limit of Student's t, by its expansion about the normal distribution.

    Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.5; to 1.5 % from 5 degrees of freedom on.
    """
    z = NormalDist().inv_cdf(1.0 - 0.5 * probability)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
        (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92160.0,
    )
    return z + math.fsum(term / degrees**power for power, term in enumerate(terms, start=1))
