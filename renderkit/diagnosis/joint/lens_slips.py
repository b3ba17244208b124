"""Slips of one camera's lens that have no amount: dropped, of another sign or order, of an undistorted picture.

Projections are linear in the coefficients, so each slip is one point in the space of the lens's parameters, and the
joint estimate says how well it explains the evidence. A dropped lens is not known: it is like the other cameras'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.hypotheses.lens import (
    DROPPED,
    UNDISTORTED,
    WORDS_DROPPED,
    WORDS_UNDISTORTED,
    coefficient_slips,
)
from renderkit.diagnosis.joint.chi_square import log_tail
from renderkit.diagnosis.joint.decide import CANNOT_TELL, MISFIT_LOG_P, CameraTests, SlipTest
from renderkit.diagnosis.joint.naming import errors_to_name
from renderkit.diagnosis.joint.observations import Observations
from renderkit.diagnosis.joint.parameters import LENS
from renderkit.diagnosis.joint.result import CameraFinding
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt

_IN_ORDER: Final = [0, 1, 2, 3]
"""k1 k2 p1 p2 in OpenCV's order, as `parameters.LENS` has them; k3 follows."""

UNSEEN_PX: Final = 1.0
"""Errors that are smaller than this in a picture's corner need no word where they cannot be told."""

_LEAST_PX = 1e-3


@dataclass(frozen=True)
class LensSlip:
    """A slip of the lens that explains a camera's evidence.

    Attributes:
        cause: Short name.
        sentence: For people.
        criterion: Minus twice the log likelihood ratio against a healthy camera, with the number of slips tried.
    """

    cause: str
    sentence: str
    criterion: float


@dataclass(frozen=True, eq=False)
class LensEvidence:
    """What is known about one camera's lens, in px units.

    Attributes:
        tests: Of the camera.
        units: (P,) amount of each parameter for 1 px.
        displacements: (n, 2, P) of what the camera sees.
    """

    tests: CameraTests
    units: FloatArray
    displacements: FloatArray


def lens_slips(found: LensEvidence, name: str, written: Mapping[str, Camera]) -> list[LensSlip]:
    """Return the slips that leave no more than noise, each cause once, the likeliest first.

    Args:
        found: What is known about the camera.
        name: The camera.
        written: All cameras of the rig as written.
    """
    others = [camera for other, camera in written.items() if other != name]
    changes = list(_changes(found, written[name], others))
    best: dict[str, LensSlip] = {}
    for cause, words, change, scatter in changes:
        gain = _gain(found.tests, change, scatter)
        left = max(found.tests.total - gain, 0.0)
        if log_tail(left, max(found.tests.rank, 1)) > MISFIT_LOG_P:
            slip = LensSlip(cause, words, 2.0 * math.log(len(changes)) - gain)
            best[cause] = min(slip, best.get(cause, slip), key=lambda one: one.criterion)
    return sorted(best.values(), key=lambda one: one.criterion)


def with_lens_slips(
    finding: CameraFinding, causes: Sequence[tuple[float, SlipTest]], slips: Sequence[LensSlip]
) -> CameraFinding:
    """Return the finding with the slips of the lens that cannot be told from its causes.

    Args:
        finding: The camera, with its sentence.
        causes: Criterion of each of its causes.
        slips: What `lens_slips` returned.
    """
    ranked = [(value, one.slip.name) for value, one in causes] + [(one.criterion, one.cause) for one in slips]
    least = min(value for value, _ in ranked)
    names = tuple(name for value, name in sorted(ranked) if value <= least + CANNOT_TELL)
    words = [one.sentence for one in slips if one.cause in names]
    if not words:
        return finding
    by_amount = finding.cause in names
    if by_amount:
        words.insert(0 if names[0] == finding.cause else len(words), finding.sentence.partition(": ")[2])
    return replace(
        finding,
        cause=names[0],
        cannot_tell=names,
        explained=finding.explained or names[0] != finding.cause,
        sentence=f"camera {finding.camera}: {'; or '.join(words)}",
    )


def lens_limit(seen: Observations, information: FloatArray, written: Mapping[str, Camera], alpha: float) -> str:
    """Return which errors of lenses are not found, where they are large in the pictures' corners; "" elsewhere.

    An error of k1 is found with a probability of 50 % where it is as large as the threshold of its test.

    Args:
        seen: The evidence.
        information: (C, P, P) about faults of each camera beside its healthy scatter.
        written: The cameras as written.
        alpha: Probability that a rig without fault has a finding.
    """
    threshold = errors_to_name(alpha, len(seen.names))
    k1 = LENS[0]
    smallest = [
        threshold * float(units[k1] / math.sqrt(max(one, 1e-12)))
        for one, units in zip(information[:, k1, k1].tolist(), seen.units, strict=True)
    ]
    corners = [
        one
        * (0.5 * math.hypot(*written[name].size) / written[name].K[0, 0]) ** 2
        * 0.5
        * math.hypot(*written[name].size)
        for one, name in zip(smallest, seen.names, strict=True)
    ]
    k1_size, corner_px = float(np.median(smallest)), float(np.median(corners))
    if corner_px <= UNSEEN_PX:
        return ""
    return (
        f"what cannot be told: errors of a lens below about {k1_size:.2g} of k1, {corner_px:.2g} px in the picture's "
        "corner, in the median camera; landmarks or outlines nearer to the border would tell"
    )


def _changes(
    found: LensEvidence, camera: Camera, others: Sequence[Camera]
) -> Iterator[tuple[str, str, FloatArray, FloatArray]]:
    """Yield cause, words, the (4,) change of the lens in px units, and the (4, 4) covariance of it."""
    given, exact = _padded(camera), np.zeros((len(LENS), len(LENS)))
    if isinstance(camera.distortion, KannalaBrandt):
        return
    if given.any():
        yield UNDISTORTED, WORDS_UNDISTORTED, _in_px(found, -given), exact
        for one in coefficient_slips(camera):
            yield one.cause, one.sentence, _in_px(found, one.coefficients - given), exact
        return
    lenses = [_in_px(found, _padded(one)) for one in others if _padded(one).any()]
    if len(lenses) > 1 and 2 * len(lenses) > len(others):
        yield DROPPED, WORDS_DROPPED, np.median(lenses, axis=0), np.cov(np.transpose(lenses))


def _padded(camera: Camera) -> FloatArray:
    """Return (5,) k1 k2 p1 p2 k3; zeros for a lens of another model."""
    coefficients = camera.distortion.coefficients
    if isinstance(camera.distortion, KannalaBrandt) or coefficients.size > 5:
        return np.zeros(5)
    return np.pad(coefficients, (0, 5 - coefficients.size))


def _in_px(found: LensEvidence, change: FloatArray) -> FloatArray:
    """Return a (5,) change of k1 k2 p1 p2 k3 as (4,) of the lens's parameters: k3 as k1 and k2 imitate it."""
    by_lens = found.displacements[..., LENS] / found.units[list(LENS)]
    first, second = by_lens[..., 0], by_lens[..., 1]
    square = np.linalg.norm(second, axis=1) / np.maximum(np.linalg.norm(first, axis=1), 1e-300)
    third = second * square[:, None]
    imitated = np.linalg.lstsq(by_lens[..., :2].reshape(-1, 2), third.ravel(), rcond=None)[0]
    amounts: FloatArray = change[_IN_ORDER].copy()
    amounts[:2] += change[4] * imitated
    result: FloatArray = amounts / found.units[list(LENS)]
    return result


def _gain(tests: CameraTests, change: FloatArray, scatter: FloatArray) -> float:
    """Return twice the log likelihood ratio of a change that is normal about (4,) with a (4, 4) covariance."""
    at = list(LENS)
    precision = np.linalg.inv(scatter + _LEAST_PX**2 * np.eye(len(at)))
    both = tests.information[np.ix_(at, at)] + precision
    pulled = tests.score[at] + precision @ change
    spread = np.linalg.slogdet(both)[1] - np.linalg.slogdet(precision)[1]
    return float(pulled @ np.linalg.solve(both, pulled) - change @ precision @ change - spread)
