"""The lens model that a list of OpenCV coefficients stands for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.lens_model import NoDistortion


def make_distortion(coefficients: ArrayLike) -> NoDistortion | BrownConrady:
    """Return the standard model for 0, 4, 5, 8, 12 or 14 OpenCV coefficients; all zeros become `NoDistortion`.

    Raises:
        ValueError: For any other number of coefficients, or values that are not finite or beyond 1e20.
    """
    given = np.asarray(coefficients, dtype=np.float64).reshape(-1)
    if given.size in {0, 4, 5, 8, 12, 14} and not given.any():
        return NoDistortion()
    return BrownConrady(given)
