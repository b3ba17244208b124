"""OpenCV's fisheye lens model: Kannala-Brandt.

Formulas: OpenCV, "Fisheye camera model".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, frozen
from renderkit.geometry.fold import circle, radial_limits
from renderkit.geometry.inverse import LensMap, invert
from renderkit.geometry.lens_model import LARGEST_COEFFICIENT, ModelName, as_coefficients
from renderkit.geometry.polynomial import horner


@dataclass(frozen=True, eq=False)
class KannalaBrandt:
    """OpenCV's fisheye model: theta_d = theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8).

    Only rays in front of the camera plane (theta below 90 degrees) are covered, as in OpenCV.

    Attributes:
        coefficients: (4,) k1 k2 k3 k4.

    Example:
        >>> import renderkit as rk
        >>> lens = rk.KannalaBrandt([0.0, 0.0, 0.0, 0.0])
        >>> lens.distort(np.array([[1.0, 0.0]])).round(6).tolist()  # 45 degrees in radians
        [[0.785398, 0.0]]
    """

    coefficients: FloatArray
    model: ModelName = field(default="kannala_brandt", init=False)

    def __post_init__(self) -> None:
        """Check the coefficients.

        Raises:
            ValueError: If there are not 4 coefficients, or one is not finite or beyond 1e20.
        """
        given = as_coefficients(self.coefficients)
        if given.size != 4 or not (np.abs(given) <= LARGEST_COEFFICIENT).all():
            raise ValueError(
                f"Kannala-Brandt takes 4 finite coefficients, k1 k2 k3 k4, of at most {LARGEST_COEFFICIENT:g}, "
                f"got {given}"
            )
        object.__setattr__(self, "coefficients", frozen(given))

    @cached_property
    def valid_radius(self) -> float:
        """Tangent of the angle up to which the curve rises, inf at 90 degrees; found when first asked for."""
        return float(np.tan(self._turn)) if self._turn < np.pi / 2 else float("inf")

    @property
    def outer_radius(self) -> float:
        """The valid radius: all directions are alike."""
        return self.valid_radius

    @cached_property
    def valid_distorted_radius(self) -> float:
        """Where `valid_radius` lands."""
        return float(self._theta_curve(np.array([self._turn]))[0])

    @cached_property
    def _turn(self) -> float:
        return float(min(radial_limits(self._polynomial(), np.ones(1))[0], np.pi / 2))

    def is_valid(self, xy: FloatArray) -> BoolArray:
        """Return (N,) where (N, 2) undistorted points lie within the valid radius."""
        radius = np.hypot(xy[:, 0], xy[:, 1])
        return np.asarray((radius <= self.valid_radius) & np.isfinite(radius))

    def distort(self, xy: FloatArray) -> FloatArray:
        """Map (N, 2) undistorted to distorted normalised coordinates, without regard to the valid radius."""
        radius = np.hypot(xy[:, 0], xy[:, 1])
        bent = self._theta_curve(np.arctan(radius))
        scale = np.divide(bent, radius, out=np.ones_like(radius), where=radius > 0.0)
        result: FloatArray = xy * scale[:, None]
        return result

    def jacobian(self, xy: FloatArray) -> FloatArray:
        """Return (N, 2, 2) derivatives of `distort` at (N, 2) undistorted coordinates."""
        radius = np.hypot(xy[:, 0], xy[:, 1])
        theta = np.arctan(radius)
        safe = np.where(radius > 0.0, radius, 1.0)
        across = np.where(radius > 0.0, self._theta_curve(theta) / safe, 1.0)
        along = self._theta_slope(theta) / (1.0 + radius * radius)
        unit = xy / safe[:, None]
        outer = unit[:, :, None] * unit[:, None, :]
        result: FloatArray = across[:, None, None] * np.eye(2) + (along - across)[:, None, None] * outer
        return result

    def undistort(self, xy: FloatArray) -> FloatArray:
        """Map (N, 2) distorted to undistorted coordinates; NaN where no valid ray lands."""
        bent = np.hypot(xy[:, 0], xy[:, 1])
        # The curve is a function of the radius alone, so its inverse is one-dimensional: invert along the x axis.
        along_x = LensMap(
            lambda points: np.column_stack([self._theta_curve(points[:, 0]), points[:, 1]]),
            lambda points: _diagonal(self._theta_slope(points[:, 0])),
            self._theta_curve,
            circle(self._turn, lambda points: self._theta_slope(points[:, 0])),
        )
        flat = invert(np.column_stack([bent, np.zeros_like(bent)]), along_x)[:, 0]
        flat = np.where(flat < np.pi / 2, flat, np.nan)
        scale = np.divide(np.tan(flat), bent, out=np.ones_like(bent), where=bent > 0.0)
        result: FloatArray = xy * scale[:, None]
        return result

    def _polynomial(self) -> FloatArray:
        return np.concatenate([[1.0], self.coefficients])

    def _theta_curve(self, theta: FloatArray) -> FloatArray:
        return theta * horner(self._polynomial(), theta * theta)

    def _theta_slope(self, theta: FloatArray) -> FloatArray:
        return horner(self._polynomial() * np.array([1.0, 3.0, 5.0, 7.0, 9.0]), theta * theta)


def _diagonal(slope: FloatArray) -> FloatArray:
    """Return (N, 2, 2) matrices diag(slope, 1)."""
    result = np.zeros((len(slope), 2, 2))
    result[:, 0, 0] = slope
    result[:, 1, 1] = 1.0
    return result
