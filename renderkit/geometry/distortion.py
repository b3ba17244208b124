"""The lens model that a list of OpenCV coefficients stands for."""

from __future__ import annotations

from numpy.typing import ArrayLike

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.lens_model import NoDistortion, as_coefficients


def make_distortion(coefficients: ArrayLike | None) -> NoDistortion | BrownConrady:
    """Return the standard model for 0, 4, 5, 8, 12 or 14 OpenCV coefficients; None and zeros become `NoDistortion`.

    Raises:
        ValueError: For any other number of coefficients, or values that are not finite or beyond 1e20.
    """
    given = as_coefficients(() if coefficients is None else coefficients)
    if given.size in {0, 4, 5, 8, 12, 14} and not given.any():
        return NoDistortion()
    return BrownConrady(given)
