"""Compare a projection function's pixels with test vectors, and name the slip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.testkit.plain import PlainCamera
from renderkit.testkit.slips import SLIPS, Slip
from renderkit.testkit.vectors import CameraVectors, Place
from renderkit.wording import counted

DEFAULT_TOLERANCE_PX = 0.01
"""Differences up to this are right: float32 arithmetic at 5,000 px loses about 0.001 px."""

_WITH_PIXELS: Final[tuple[Place, ...]] = ("grid", "corner", "rim")
_VISIBLE = 3.0
"""A slip that moves no point of a camera by this many tolerances cannot be told from a right answer there."""


@dataclass(frozen=True)
class Verdict:
    """What a projection function got wrong in one camera.

    Attributes:
        passed: Every point is right.
        max_error_px: Largest error over points that have a projection; NaN pixels count as infinite.
        slips: Slips that reproduce the wrong pixels; the entries of a pair are joined by " + ". Several names cannot be
            told apart in this camera. Empty where none does.
        sentence: All of it for people.
    """

    passed: bool
    max_error_px: float
    slips: tuple[str, ...]
    sentence: str


def judge(
    vectors: CameraVectors, pixels: Pixels, tolerance_px: float = DEFAULT_TOLERANCE_PX, *, pairs: bool = True
) -> Verdict:
    """Judge the points that have a projection.

    Args:
        vectors: The camera's test vectors.
        pixels: (N, 2) what the function returned for `vectors.points_world`.
        tolerance_px: Largest error that is right.
        pairs: Whether to try pairs of slips where no single slip explains the pixels (about 0.3 s).
    """
    chosen = vectors.among(*_WITH_PIXELS)
    wanted, found = vectors.pixels[chosen], pixels[chosen]
    error = _error(found, wanted)
    worst = float(np.max(error, initial=0.0))
    if worst <= tolerance_px:
        return Verdict(True, worst, (), "")
    where = int(np.argmax(error))
    what = (
        f"{np.count_nonzero(error > tolerance_px)} of {counted(len(error), 'point')} are off, at most {worst:.4g} px: "
        f"expected ({wanted[where, 0]:.3f}, {wanted[where, 1]:.3f}), "
        f"found ({found[where, 0]:.3f}, {found[where, 1]:.3f})"
    )
    slips = name_slips(vectors, pixels, tolerance_px, pairs=pairs)
    if not slips:
        return Verdict(
            False,
            worst,
            (),
            f"{what}; none of {len(SLIPS)} known slips{' or pairs of slips' if pairs else ''} explains it",
        )
    meanings = {slip.name: slip.sentence for slip in SLIPS}
    told = " or ".join(f"{name} ({'; '.join(meanings[part] for part in name.split(' + '))})" for name in slips)
    return Verdict(False, worst, slips, f"{what}; slip: {told}")


def judge_without_projection(vectors: CameraVectors, pixels: Pixels) -> Verdict:
    """Judge the points that have no projection, for which a function must return NaN.

    Args:
        vectors: The camera's test vectors.
        pixels: (N, 2) what the function returned for `vectors.points_world`.
    """
    drawn = np.isfinite(pixels).all(axis=1)
    beyond = int(np.count_nonzero(drawn & vectors.among("beyond")))
    behind = int(np.count_nonzero(drawn & vectors.among("behind")))
    slips = (*(("fold-over drawn",) if beyond else ()), *(("drawn from behind",) if behind else ()))
    parts = []
    if beyond:
        parts.append(
            f"a pixel for {counted(beyond, 'point')} beyond the lens's valid radius (folded back); expected NaN"
        )
    if behind:
        parts.append(f"a pixel for {counted(behind, 'point')} behind the camera; expected NaN")
    return Verdict(not slips, 0.0, slips, "; ".join(parts))


def name_slips(
    vectors: CameraVectors, pixels: Pixels, tolerance_px: float = DEFAULT_TOLERANCE_PX, *, pairs: bool = True
) -> tuple[str, ...]:
    """Return the names of the slips, or pairs of slips, that give these pixels."""
    chosen = vectors.among(*_WITH_PIXELS)
    points, wanted, found = vectors.points_world[chosen], vectors.pixels[chosen], pixels[chosen]
    right = PlainCamera.of(vectors.camera)

    def fits(*slips: Slip) -> bool:
        predicted = _predict(right, slips, points)
        if predicted is None or _typical(predicted, wanted) <= _VISIBLE * tolerance_px:
            return False
        return _agree(found, predicted, tolerance_px)

    single = tuple(slip.name for slip in SLIPS if fits(slip))
    if single or not pairs:
        return single
    return tuple(f"{first.name} + {second.name}" for first, second in combinations(SLIPS, 2) if fits(first, second))


def _predict(right: PlainCamera, slips: Sequence[Slip], points: FloatArray) -> Pixels | None:
    camera: PlainCamera | None = right
    for slip in slips:
        camera = None if camera is None else slip.camera(camera)
    if camera is None:
        return None
    pixels = camera.project(points)
    with np.errstate(all="ignore"):
        for slip in slips:
            pixels = slip.pixels(pixels, right)
    return pixels


def _error(found: Pixels, wanted: Pixels) -> FloatArray:
    with np.errstate(all="ignore"):
        distance = np.hypot(*(found - wanted).T)
    return np.where(np.isnan(distance), np.inf, distance)


def _typical(predicted: Pixels, wanted: Pixels) -> float:
    """Return the largest difference that a slip makes, over the points for which it gives a pixel."""
    return float(np.max(np.where(np.isinf(error := _error(predicted, wanted)), 0.0, error), initial=0.0))


def _agree(found: Pixels, predicted: Pixels, tolerance_px: float) -> bool:
    """Whether two sets of pixels are equal where both exist, which must be at most points."""
    both = np.isfinite(found).all(axis=1) & np.isfinite(predicted).all(axis=1)
    known = np.isfinite(predicted).all(axis=1)
    if not both.any() or 2 * np.count_nonzero(both) < np.count_nonzero(known):
        return False
    # Slips with huge pixels keep float32's relative precision only.
    bound = tolerance_px + 1e-6 * np.abs(predicted[both]).max(axis=1)
    return bool((_error(found[both], predicted[both]) <= bound).all())
