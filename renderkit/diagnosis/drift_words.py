"""A camera's move in numbers and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.decide import SlipTest
from renderkit.diagnosis.joint.estimate import CameraPosterior
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import SLIPS
from renderkit.diagnosis.rig_posteriors import (
    causes_of,
    displacements,
    expanded,
    freedom_of,
    slip_tests,
    units_of_camera,
)
from renderkit.results.drift import CameraChange

_LIKELIER: Final = (
    "turn", "roll", "sideways step", "step along the axis", "turn with roll", "focal length", "principal point",
)  # fmt: skip
"""What happens to a camera between two days, the likeliest first, where the evidence cannot tell."""

_VERBS: Final = {
    "turn": "turned by {}",
    "turn with roll": "turned by {}",
    "roll": "rolled by {}",
    "sideways step": "moved sideways by {}",
    "step along the axis": "moved along its axis by {}",
    "focal length": "changed its focal length by {}",
    "principal point": "shifted its principal point by {}",
    "aspect fx / fy": "changed fx / fy by {}",
    "lens distortion k1": "changed its k1 by {}",
}
_SHIFT = "principal point"
_SEVERAL = frozenset(slip.name for slip in SLIPS if slip.family == "several")


def change_of(
    move: CameraPosterior,
    seen: Observations,
    camera: str,
    tau_px: float,
    log_p: float | None,
    *,
    between: tuple[str, str],
    unit: str,
) -> CameraChange:
    """Return a camera's change between two runs.

    Args:
        move: What the runs say about the move, in px units of `seen`.
        seen: Observations of the first run.
        camera: Camera name.
        tau_px: Healthy scatter between the runs.
        log_p: Of the camera that moved; None for one that did not.
        between: Names of the two runs.
        unit: World unit.
    """
    tests = slip_tests(move, tau_px)
    shift = next(one for one in tests.tests if one.slip.name == _SHIFT)
    units = units_of_camera(seen, camera)
    scale = units[list(shift.slip.indices)]
    known = bool(move.information.any())
    dx, dy = (shift.amounts * scale).tolist() if known else (math.nan, math.nan)
    ex, ey = (np.sqrt(np.diag(shift.covariance)) * scale).tolist() if known else (math.nan, math.nan)
    if log_p is None:
        best = tests.log_p(freedom_of(len(seen.names))) if known else 0.0
        return CameraChange(between[1], (dx, dy), (ex, ey), "", (), math.nan, math.nan, "", best, "")
    causes, test = _likeliest(causes_of(tests, seen, camera))
    amount, error, in_unit = _amount(test, units, displacements(seen, camera), unit)
    words = _VERBS.get(test.slip.name, "displaced its picture by {}").format(_number(amount, error, in_unit))
    others = [name for name in causes if name != test.slip.name and name not in _SEVERAL]
    also = f"; {' or '.join(others)} would explain it as well" if others else ""
    sentence = f"camera {camera} {words} between {between[0]} and {between[1]}{also}"
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
        "sideways step": (1.0, "world units" if unit == "unknown" else unit),
        "step along the axis": (1.0, "world units" if unit == "unknown" else unit),
    }.get(test.slip.name, (0.0, "px"))
    if factor == 0.0:
        # Several parameters of unlike kinds: what they do to the picture.
        theta, spread = expanded(test)
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
