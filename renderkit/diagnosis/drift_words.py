"""A camera's move in numbers and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.decide import CameraTests, Decision, SlipTest, num_observations, ranked_causes, tests_of
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import NUM_LOCAL, SLIPS
from renderkit.results.drift import CameraChange

_LIKELIER: Final = (
    "turn", "roll", "sideways step", "step along the axis", "turn with roll", "focal length", "principal point",
)  # fmt: skip
"""What happens to a camera between two days, the likeliest first, where the evidence cannot tell."""

_VERBS: Final = {
    "turn": "turned by {}",
    "turn with roll": "turned by {}",
    "sideways step": "moved sideways by {}",
    "principal point": "shifted its principal point by {}",
    "landmark detections": "moved by {}",
}
_EITHER_WAY: Final = {
    "roll": ("rolled: its picture turned counterclockwise by {}", "rolled: its picture turned clockwise by {}"),
    "step along the axis": ("moved forward along its axis by {}", "moved back along its axis by {}"),
    "focal length": ("shortened its focal length by {}", "lengthened its focal length by {}"),
    "aspect fx / fy": ("lowered its fx / fy by {}", "raised its fx / fy by {}"),
    "lens distortion k1": ("lowered its k1 by {}", "raised its k1 by {}"),
    "mattes too large or too small": ("shrank by {}", "grew by {}"),
}
"""Verbs of slips with one number, for a change below 0 and above."""

_SUBJECTS: Final = {
    "mattes too large or too small": "the mattes of camera {}",
    "landmark detections": "the landmark detections of camera {}",
}
_SHIFT = "principal point"
_SEVERAL = frozenset(slip.name for slip in SLIPS if slip.family == "several")


@dataclass(frozen=True, eq=False)
class Move:
    """One camera of a pair of runs.

    Attributes:
        pair: Observations of both runs.
        decision: What was decided about the moves.
        index: Which camera.
    """

    pair: Observations
    decision: Decision
    index: int

    @property
    def units(self) -> FloatArray:
        """(P,) amounts of the parameters that displace the picture by 1 px RMS."""
        units: FloatArray = self.pair.units[self.index]
        return units

    @property
    def tests(self) -> CameraTests:
        """All slips against healthy scatter."""
        return tests_of(self.decision.found.cameras[self.index], self.decision.scales[self.index])

    @property
    def causes(self) -> list[SlipTest]:
        """The slips that cannot be told apart, the likeliest first."""
        return ranked_causes(self.tests, num_observations(self.pair, self.decision.found, self.index))


def change_of(move: Move, log_p: float, *, is_named: bool, between: tuple[str, str], unit: str) -> CameraChange:
    """Return a camera's change between two runs.

    Args:
        move: What the runs say about the move.
        log_p: Logarithm of the probability of such evidence from a camera that did not move.
        is_named: Whether the camera moved.
        between: Names of the two runs.
        unit: World unit.
    """
    shift = next(one for one in move.tests.tests if one.slip.name == _SHIFT)
    scale = move.units[list(shift.slip.indices)]
    known = bool(move.decision.found.cameras[move.index].information.any())
    dx, dy = (shift.amounts * scale).tolist() if known else (math.nan, math.nan)
    ex, ey = (np.sqrt(np.diag(shift.covariance)) * scale).tolist() if known else (math.nan, math.nan)
    if not is_named:
        return CameraChange(between[1], (dx, dy), (ex, ey), "", (), math.nan, math.nan, "", log_p if known else 0.0, "")
    causes, test = _likeliest(move.causes)
    amount, error, in_unit = _amount(test, move.units, move.pair.displacements[move.index], unit)
    either = _EITHER_WAY.get(test.slip.name)
    verb = _VERBS.get(test.slip.name, "displaced its picture by {}") if either is None else either[amount > 0.0]
    words = verb.format(_number(abs(amount), error, in_unit))
    others = [name for name in causes if name != test.slip.name and name not in _SEVERAL]
    also = f"; {' or '.join(others)} would explain it as well" if others else ""
    subject = _SUBJECTS.get(test.slip.name, "camera {}").format(move.pair.names[move.index])
    sentence = f"{subject} {words} between {between[0]} and {between[1]}{also}"
    return CameraChange(
        between[1],
        (dx, dy),
        (ex, ey),
        test.slip.name,
        (test.slip.name, *others),
        amount,
        error,
        in_unit,
        log_p,
        sentence,
    )


def _likeliest(ranked: Sequence[SlipTest]) -> tuple[tuple[str, ...], SlipTest]:
    names = tuple(one.slip.name for one in ranked)
    chosen = next((name for name in _LIKELIER if name in names), names[0])
    return names, next(one for one in ranked if one.slip.name == chosen)


def _amount(test: SlipTest, units: FloatArray, derivatives: FloatArray, unit: str) -> tuple[float, float, str]:
    """Return the size of a slip, its standard error and its unit."""
    at = list(test.slip.indices)
    values = test.amounts * units[at]
    covariance = test.covariance * np.outer(units[at], units[at])
    factor, in_unit = {
        "turn": (math.degrees(1.0), "deg"),
        "turn with roll": (math.degrees(1.0), "deg"),
        "roll": (math.degrees(1.0), "deg"),
        "focal length": (100.0, "%"),
        "aspect fx / fy": (100.0, "%"),
        "principal point": (1.0, "px"),
        "lens distortion k1": (1.0, ""),
        "mattes too large or too small": (1.0, "px"),
        "landmark detections": (1.0, "px"),
        "sideways step": (1.0, "world units" if unit == "unknown" else unit),
        "step along the axis": (1.0, "world units" if unit == "unknown" else unit),
    }.get(test.slip.name, (0.0, "px"))
    if factor == 0.0:
        # Several parameters of unlike kinds: what they do to the picture.
        theta, spread = np.zeros(NUM_LOCAL), np.zeros((NUM_LOCAL, NUM_LOCAL))
        theta[at], spread[np.ix_(at, at)] = test.amounts, test.covariance
        square = np.einsum("nka,nkb->ab", derivatives, derivatives) / len(derivatives)
        size = float(np.sqrt(theta @ square @ theta))
        slope = square @ theta / max(size, 1e-12)
        return size, math.sqrt(max(float(slope @ spread @ slope), 0.0)), in_unit
    if len(values) == 1:
        return factor * float(values[0]), factor * float(np.sqrt(covariance[0, 0])), in_unit
    size = float(np.linalg.norm(values))
    direction = values / max(size, 1e-300)
    return factor * size, factor * math.sqrt(max(float(direction @ covariance @ direction), 0.0)), in_unit


def _number(value: float, error: float, unit: str) -> str:
    digits = min(9, max(0, 1 - math.floor(math.log10(error)))) if error > 0.0 else 6
    return f"{value:.{digits}f} +/- {error:.{digits}f} {unit}".rstrip()
