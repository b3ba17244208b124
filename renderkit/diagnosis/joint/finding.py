"""A finding in numbers: amounts and sizes of the likeliest slip, with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.decide import SlipTest, has_amount
from renderkit.diagnosis.joint.parameters import ALL_SUBJECT, EVIDENCE_PARAMETERS, MATTE, NUM_LOCAL, PARAMETERS
from renderkit.diagnosis.joint.result import CameraFinding


@dataclass(frozen=True, eq=False)
class Shown:
    """Where a slip shows.

    Attributes:
        camera: The camera's name; "" where all cameras share the slip.
        units: (P,) amount of each number for 1 px.
        displacements: (n, 2, P) displacements of what is seen, px units.
    """

    camera: str
    units: FloatArray
    displacements: FloatArray


def finding_of(causes: Sequence[SlipTest], shown: Shown, log_p: float, *, explained: bool) -> CameraFinding:
    """Return the finding, without its sentence.

    Args:
        causes: Slips that cannot be told apart, the likeliest first.
        shown: Where it shows.
        log_p: Logarithm of the probability of such evidence without a fault.
        explained: Whether the likeliest slip leaves no more than noise.
    """
    test = causes[0]
    theta, covariance = expanded(test)
    derivatives = shown.displacements
    mean = derivatives.mean(axis=0)
    shift = mean @ theta
    shift_error = np.sqrt(np.diag(mean @ covariance @ mean.T))
    size = displacement(derivatives, theta)
    if test.slip.family == "matte":
        # What is wrong with mattes moves no point of the subject.
        derivatives = np.eye(NUM_LOCAL)[None, [MATTE]]
        size = abs(float(theta[MATTE]))
    known = has_amount(test)
    units, stated = shown.units, test.slip.indices if known else ()
    words = (*PARAMETERS, *EVIDENCE_PARAMETERS)
    return CameraFinding(
        camera=shown.camera,
        cause=test.slip.name,
        cannot_tell=tuple(one.slip.name for one in causes),
        family=test.slip.family,
        log_p=log_p,
        size_px=size if known else math.nan,
        size_error_px=_size_error(derivatives, theta, covariance, size) if known else math.nan,
        shift_px=(float(shift[0]), float(shift[1])),
        shift_error_px=(float(shift_error[0]), float(shift_error[1])),
        amounts={words[i]: float(theta[i] * units[i]) for i in stated},
        amount_errors={words[i]: float(math.sqrt(max(covariance[i, i], 0.0)) * units[i]) for i in stated},
        explained=explained,
        sentence="",
    )


def subject_finding(growth: float, error: float) -> CameraFinding:
    """Return that a subject of another size or shape explains what all cameras see alike.

    Args:
        growth: By how much it is larger than stated, relative.
        error: Standard error of it.
    """
    return CameraFinding(
        camera="",
        cause=ALL_SUBJECT,
        cannot_tell=(ALL_SUBJECT, "focal length"),
        family="subject",
        log_p=0.0,
        size_px=math.nan,
        size_error_px=math.nan,
        shift_px=(0.0, 0.0),
        shift_error_px=(math.nan, math.nan),
        amounts={"growth": growth},
        amount_errors={"growth": error},
        explained=True,
        sentence="",
    )


def displacement(derivatives: FloatArray, theta: FloatArray) -> float:
    """Return the RMS displacement, px, of (n, 2, P) points by (P,) numbers in px units."""
    return float(np.sqrt(((derivatives @ theta) ** 2).sum(axis=1).mean()))


def expanded(test: SlipTest) -> tuple[FloatArray, FloatArray]:
    """Return (P,) amounts of a slip among all numbers of a camera, px units, and their (P, P) covariance."""
    theta, covariance = np.zeros(NUM_LOCAL), np.zeros((NUM_LOCAL, NUM_LOCAL))
    at = list(test.slip.indices)
    theta[at] = test.amounts
    covariance[np.ix_(at, at)] = test.covariance
    return theta, covariance


def _size_error(derivatives: FloatArray, theta: FloatArray, covariance: FloatArray, size: float) -> float:
    """Return the standard error of the RMS displacement, by its gradient."""
    square = np.einsum("nka,nkb->ab", derivatives, derivatives) / len(derivatives)
    slope = square @ theta / max(size, 1e-12)
    return float(math.sqrt(max(float(slope @ covariance @ slope), 0.0)))
