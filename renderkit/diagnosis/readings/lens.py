"""Readings of the lens: dropped, missing, bent twice, of another sign, order or model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.readings.estimate import missing_lens
from renderkit.diagnosis.readings.interpretation import Interpretation
from renderkit.diagnosis.readings.reading import Reading, each
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import NoDistortion

LENS_MISSING: Final = "lens missing"


def _has_lens(view: Interpretation) -> bool:
    return not isinstance(view.lens, NoDistortion)


def _dropped(view: Interpretation) -> Interpretation:
    return view.but(lens=NoDistortion())


def _twice(view: Interpretation) -> Interpretation:
    return view.but(times=2)


def _changed(change: Callable[[FloatArray], FloatArray]) -> Callable[[Interpretation], Interpretation | None]:
    """Return the reading that changes OpenCV's five coefficients; others are left alone."""

    def apply(view: Interpretation) -> Interpretation | None:
        if not isinstance(view.lens, BrownConrady) or view.lens.coefficients.size > 5:
            return None
        return view.but(lens=make_distortion(change(view.lens.padded[:5])))

    return apply


def _ordered(*order: int) -> Callable[[FloatArray], FloatArray]:
    return lambda given: given[list(order)]


def _signed(*signs: float) -> Callable[[FloatArray], FloatArray]:
    return lambda given: given * np.array(signs)


def _fisheye(view: Interpretation) -> Interpretation | None:
    if not isinstance(view.lens, BrownConrady) or view.lens.coefficients.size > 5:
        return None
    return view.but(lens=KannalaBrandt(view.lens.coefficients[:4]))


def _brown(view: Interpretation) -> Interpretation | None:
    return view.but(lens=make_distortion(view.lens.coefficients)) if isinstance(view.lens, KannalaBrandt) else None


ORDERS = (
    ("k1 k2 k3 p1 p2", (0, 1, 3, 4, 2)),
    ("k1 k2 p2 p1 k3", (0, 1, 3, 2, 4)),
    ("p1 p2 k1 k2 k3", (2, 3, 0, 1, 4)),
    ("k1 p1 p2 k2 k3", (0, 3, 1, 2, 4)),
    ("k1 k2 p1 p2 k3, written as k1 k2 k3 p1 p2", (0, 1, 4, 2, 3)),
    ("k1 k2 p1 p2 k3, written as k1 p1 p2 k2 k3", (0, 2, 3, 1, 4)),
    ("k3 p2 p1 k2 k1", (4, 3, 2, 1, 0)),
    ("k1 k2 k3 p2 p1", (0, 1, 4, 3, 2)),
)
"""Orders of the coefficients by what a file has: where OpenCV's k1 k2 p1 p2 k3 stand in it."""

LENSES = (
    Reading(
        "pictures are undistorted",
        "lens",
        "pictures (or what was measured in them) are undistorted already: the lens must not be applied",
        each(_dropped, _has_lens),
    ),
    Reading("lens applied twice", "lens", "pictures are distorted twice", each(_twice, _has_lens)),
    Reading(
        "sign of the distortion",
        "lens",
        "distortion coefficients have the other sign",
        each(_changed(_signed(-1, -1, -1, -1, -1))),
    ),
    Reading(
        "sign of the radial distortion",
        "lens",
        "k1, k2 and k3 have the other sign",
        each(_changed(_signed(-1, -1, 1, 1, -1))),
    ),
    Reading(
        "sign of the tangential distortion",
        "lens",
        "p1 and p2 have the other sign",
        each(_changed(_signed(1, 1, -1, -1, 1))),
    ),
    *(
        Reading(
            f"distortion order {name}",
            "lens",
            f"distortion coefficients are in the order {name}",
            each(_changed(_ordered(*order))),
        )
        for name, order in ORDERS
    ),
    Reading(
        "fisheye coefficients", "lens", "coefficients are of the fisheye model, read as Brown-Conrady's", each(_fisheye)
    ),
    Reading(
        "Brown-Conrady coefficients",
        "lens",
        "coefficients are of the Brown-Conrady model, read as the fisheye model's",
        each(_brown),
    ),
    Reading(
        LENS_MISSING,
        "lens",
        "pictures are distorted and the file has no distortion",
        missing_lens,
        num_estimated=2,
    ),
)
