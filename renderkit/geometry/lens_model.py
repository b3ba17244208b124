"""What a camera needs of a lens model, on normalised coordinates (x, y) = (X / Z, Y / Z).

A lens model is only a model up to where its map folds. Beyond that several rays fall on one pixel, and plain evaluation
folds far-off-axis points back into the picture. Each model says which rays are valid.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import BoolArray, FloatArray

ModelName: TypeAlias = Literal["none", "brown_conrady", "kannala_brandt"]

LARGEST_COEFFICIENT = 1e20
"""No lens has such a coefficient; products of larger ones overflow."""


def as_coefficients(values: ArrayLike) -> FloatArray:
    """Return coefficients as (C,), whatever the shape in which they come; OpenCV's is (1, C) or (C, 1).

    Raises:
        ValueError: If they are not numbers.
    """
    try:
        return np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"distortion coefficients: expected numbers, got {type(values).__name__}: {error}") from error


@runtime_checkable
class Distortion(Protocol):
    """What a camera needs of a lens model.

    Attributes:
        model: The model's name.
        coefficients: (C,) coefficients as given, in OpenCV's order.
        valid_radius: Undistorted normalised radius within which the map is one to one in every direction; inf when it
            always is.
        outer_radius: The same for the direction that is valid farthest out; beyond it no ray is valid.
        valid_distorted_radius: Where `valid_radius` lands after radial distortion; inf when nothing folds.
    """

    @property
    def model(self) -> ModelName: ...  # noqa: D102
    @property
    def coefficients(self) -> FloatArray: ...  # noqa: D102
    @property
    def valid_radius(self) -> float: ...  # noqa: D102
    @property
    def outer_radius(self) -> float: ...  # noqa: D102
    @property
    def valid_distorted_radius(self) -> float: ...  # noqa: D102

    def is_valid(self, xy: FloatArray) -> BoolArray:
        """Return (N,) where (N, 2) undistorted points lie before the first fold or pole along their direction."""

    def distort(self, xy: FloatArray) -> FloatArray:
        """Map (N, 2) undistorted to distorted normalised coordinates, without regard to the valid radius."""

    def jacobian(self, xy: FloatArray) -> FloatArray:
        """Return (N, 2, 2) derivatives of `distort` at (N, 2) undistorted coordinates."""

    def undistort(self, xy: FloatArray) -> FloatArray:
        """Map (N, 2) distorted to undistorted coordinates; NaN where no valid ray lands."""


@dataclass(frozen=True, eq=False)
class NoDistortion:
    """An ideal pinhole.

    Example:
        >>> import renderkit as rk
        >>> rk.NoDistortion().distort(np.array([[0.1, 0.2]])).tolist()
        [[0.1, 0.2]]
    """

    model: ModelName = field(default="none", init=False)
    valid_radius: float = field(default=float("inf"), init=False)
    outer_radius: float = field(default=float("inf"), init=False)
    valid_distorted_radius: float = field(default=float("inf"), init=False)

    @property
    def coefficients(self) -> FloatArray:
        """(0,): there are none."""
        return np.zeros(0)

    def is_valid(self, xy: FloatArray) -> BoolArray:
        """Return (N,) True where (N, 2) points are finite."""
        return np.asarray(np.isfinite(xy).all(axis=1))

    def distort(self, xy: FloatArray) -> FloatArray:
        """Return (N, 2) coordinates unchanged."""
        return xy

    def jacobian(self, xy: FloatArray) -> FloatArray:
        """Return (N, 2, 2) identities."""
        return np.broadcast_to(np.eye(2), (len(xy), 2, 2)).copy()

    def undistort(self, xy: FloatArray) -> FloatArray:
        """Return (N, 2) coordinates unchanged."""
        return xy
