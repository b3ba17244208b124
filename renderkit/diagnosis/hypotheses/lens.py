"""Faults of the distortion: dropped, in another order, with the wrong sign, or of pictures that have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.hypotheses.case import Candidate, Case
from renderkit.diagnosis.readings.lens import ORDERS
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera

ORDER: Final = "order of the distortion"
SIGN: Final = "sign of the distortion"
DROPPED: Final = "distortion dropped"
WORDS_DROPPED: Final = "its distortion is all zeros, the other cameras' is not: with a lens like theirs it fits"
UNDISTORTED: Final = "undistorted picture"
WORDS_UNDISTORTED: Final = "its calibration has distortion, its picture has none: was it undistorted?"

_SIGNS = (
    ("its distortion has the wrong sign", (-1.0, -1.0, -1.0, -1.0, -1.0)),
    ("its radial distortion has the wrong sign", (-1.0, -1.0, 1.0, 1.0, -1.0)),
    ("its tangential distortion has the wrong sign", (1.0, 1.0, -1.0, -1.0, 1.0)),
)
_COEFFICIENTS = 5
_LENSES_TRIED = 8


@dataclass(frozen=True, eq=False)
class CoefficientSlip:
    """Another way to read a camera's coefficients.

    Attributes:
        cause: `ORDER` or `SIGN`.
        sentence: What is wrong with them, for people.
        coefficients: (5,) k1 k2 p1 p2 k3 as they are meant.
    """

    cause: str
    sentence: str
    coefficients: FloatArray


def distortion_dropped(case: Case) -> Iterator[Candidate]:
    """Give a lens of zeros those of the rig; the best may leave as much as the rig's lenses differ."""
    if np.any(case.camera.distortion.coefficients):
        return
    lenses = [other.distortion.coefficients for other in case.others.values() if _has_five(other)]
    if not lenses:
        return
    typical = _bent(case, np.median(np.array(lenses), axis=0))
    rig = [_bent(case, lens) for lens in lenses[:: -(-len(lenses) // _LENSES_TRIED)]]
    tried = [case.candidate(DROPPED, WORDS_DROPPED, camera, num_free=1) for camera in (typical, *rig)]
    differences = [case.difference(typical, camera) for camera in rig]
    yield replace(min(tried, key=lambda one: one.after), allowance=float(np.median(differences)))


def distortion_order(case: Case) -> Iterator[Candidate]:
    """Undo another order of the coefficients than k1 k2 p1 p2 k3."""
    yield from _candidates(case, ORDER)


def distortion_sign(case: Case) -> Iterator[Candidate]:
    """Undo coefficients of the wrong sign."""
    yield from _candidates(case, SIGN)


def undistorted_picture(case: Case) -> Iterator[Candidate]:
    """Leave the lens out: the picture has been undistorted already."""
    if np.any(case.camera.distortion.coefficients):
        yield case.candidate(UNDISTORTED, WORDS_UNDISTORTED, case.camera.undistorted())


def coefficient_slips(camera: Camera) -> Iterator[CoefficientSlip]:
    """Yield the other ways to read a camera's coefficients, five of the Brown-Conrady model that are not all zero."""
    if not _has_five(camera):
        return
    given = camera.distortion.coefficients
    slips = [
        CoefficientSlip(ORDER, f"its distortion is written as {name}", given[list(order)]) for name, order in ORDERS
    ]
    slips += [CoefficientSlip(SIGN, sentence, given * signs) for sentence, signs in _SIGNS]
    for one in slips:
        if not np.allclose(one.coefficients, given):
            yield one


def _has_five(camera: Camera) -> bool:
    coefficients = camera.distortion.coefficients
    is_brown = camera.distortion.model == "brown_conrady"
    return is_brown and len(coefficients) == _COEFFICIENTS and bool(np.any(coefficients))


def _bent(case: Case, coefficients: FloatArray) -> Camera:
    return replace(case.camera, distortion=BrownConrady(coefficients))


def _candidates(case: Case, cause: str) -> Iterator[Candidate]:
    for one in coefficient_slips(case.camera):
        if one.cause == cause:
            yield case.candidate(cause, one.sentence, _bent(case, one.coefficients))
