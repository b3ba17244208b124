"""Faults of the distortion: dropped, in another order, with the wrong sign, or of pictures that have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.hypotheses.case import Candidate, Case
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import BrownConrady

_COEFFICIENTS = 5
_LENSES_TRIED = 8


def distortion_dropped(case: Case) -> Iterator[Candidate]:
    """Give a lens of zeros those of the rig; the best may leave as much as the rig's lenses differ."""
    if np.any(case.camera.distortion.coefficients):
        return
    lenses = [other.distortion.coefficients for other in case.others.values() if _has_five(other)]
    if not lenses:
        return
    typical = _bent(case, np.median(np.array(lenses), axis=0))
    rig = [_bent(case, lens) for lens in lenses[:: -(-len(lenses) // _LENSES_TRIED)]]
    sentence = "its distortion is all zeros, the other cameras' is not: with a lens like theirs it fits"
    tried = [case.candidate("distortion dropped", sentence, camera, num_free=1) for camera in (typical, *rig)]
    differences = [case.difference(typical, camera) for camera in rig]
    yield replace(min(tried, key=lambda one: one.after), allowance=float(np.median(differences)))


def distortion_order(case: Case) -> Iterator[Candidate]:
    """Undo the order k1 k2 k3 p1 p2 where k1 k2 p1 p2 k3 is meant."""
    if _has_five(case.camera):
        k1, k2, p1, p2, k3 = case.camera.distortion.coefficients
        sentence = "its distortion is written as k1 k2 k3 p1 p2"
        yield from _variant(case, "order of the distortion", sentence, np.array([k1, k2, p2, k3, p1]))


def distortion_sign(case: Case) -> Iterator[Candidate]:
    """Undo radial coefficients of the wrong sign."""
    if _has_five(case.camera):
        k1, k2, p1, p2, k3 = case.camera.distortion.coefficients
        sentence = "its radial distortion has the wrong sign"
        yield from _variant(case, "sign of the distortion", sentence, np.array([-k1, -k2, p1, p2, -k3]))


def undistorted_picture(case: Case) -> Iterator[Candidate]:
    """Leave the lens out: the picture has been undistorted already."""
    if np.any(case.camera.distortion.coefficients):
        sentence = "its calibration has distortion, its picture has none: was it undistorted?"
        yield case.candidate("undistorted picture", sentence, case.camera.undistorted())


def _has_five(camera: Camera) -> bool:
    coefficients = camera.distortion.coefficients
    is_brown = camera.distortion.model == "brown_conrady"
    return is_brown and len(coefficients) == _COEFFICIENTS and bool(np.any(coefficients))


def _bent(case: Case, coefficients: FloatArray) -> Camera:
    return replace(case.camera, distortion=BrownConrady(coefficients))


def _variant(case: Case, cause: str, sentence: str, coefficients: FloatArray) -> Iterator[Candidate]:
    if not np.allclose(coefficients, case.camera.distortion.coefficients):
        yield case.candidate(cause, sentence, _bent(case, coefficients))
