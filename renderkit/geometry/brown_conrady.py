"""OpenCV's standard lens model: Brown-Conrady, rational, thin prism, tilted sensor.

Formulas: OpenCV, "Camera Calibration and 3D Reconstruction".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, frozen
from renderkit.geometry.fold import Domain, circle, find_domain, radial_limits
from renderkit.geometry.inverse import LensMap, invert
from renderkit.geometry.lens_model import LARGEST_COEFFICIENT, ModelName, as_coefficients
from renderkit.geometry.polynomial import derivative, horner


@dataclass(frozen=True, eq=False)
class BrownConrady:
    """OpenCV's standard model with 4, 5, 8, 12 or 14 coefficients.

    Order: k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 s2 s3 s4 [tau_x tau_y]]]].

    A ray is valid before the first zero of the Jacobian's determinant along its direction, with tangential, prism and
    tilt terms, and before the pole of the rational part.

    Attributes:
        coefficients: (4 | 5 | 8 | 12 | 14,) coefficients as given.

    Example:
        >>> import renderkit as rk
        >>> lens = rk.BrownConrady([-0.5, 0.0, 0.0, 0.0])
        >>> lens.distort(np.array([[0.2, 0.0]])).round(6).tolist()  # 0.2 (1 - 0.5 * 0.2^2)
        [[0.196, 0.0]]
    """

    coefficients: FloatArray
    model: ModelName = field(default="brown_conrady", init=False)

    def __post_init__(self) -> None:
        """Check the coefficients.

        Raises:
            ValueError: If there are not 4, 5, 8, 12 or 14 coefficients, or one is not finite or beyond 1e20.
        """
        given = as_coefficients(self.coefficients)
        if given.size not in {4, 5, 8, 12, 14}:
            raise ValueError(
                f"Brown-Conrady takes 4, 5, 8, 12 or 14 coefficients, got {given.size}; OpenCV's order is "
                f"k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4 tau_x tau_y: fill up with zeros"
            )
        if not (np.abs(given) <= LARGEST_COEFFICIENT).all():
            raise ValueError(
                f"Brown-Conrady coefficients must be finite and at most {LARGEST_COEFFICIENT:g}, got {given}"
            )
        object.__setattr__(self, "coefficients", frozen(given))

    @property
    def valid_radius(self) -> float:
        """Undistorted radius within which every direction is valid; computed on first use, because it is expensive."""
        return self._domain.inner

    @property
    def outer_radius(self) -> float:
        """Undistorted radius beyond which no direction is valid."""
        return self._domain.outer

    @cached_property
    def valid_distorted_radius(self) -> float:
        """Where `valid_radius` lands after radial distortion; inf at a pole, and when nothing folds."""
        radius = self.valid_radius
        _, pole = radial_limits(*self._radial_polynomials())
        return float(self._radial_curve(np.array([radius]))[0]) if radius < pole else float("inf")

    @cached_property
    def _domain(self) -> Domain:
        turn, pole = radial_limits(*self._radial_polynomials())
        turn = turn if turn < pole else float("inf")
        if not self.padded[[2, 3, *range(8, 14)]].any():
            return circle(min(turn, pole), self._determinant)
        return find_domain(self._determinant, turn, pole)

    def is_valid(self, xy: FloatArray) -> BoolArray:
        """Return (N,) where (N, 2) undistorted points lie before the first fold or pole along their direction."""
        return self._domain.contains(xy)

    @property
    def padded(self) -> FloatArray:
        """(14,) coefficients, zeros where fewer were given."""
        result = np.zeros(14)
        result[: self.coefficients.size] = self.coefficients
        return result

    @property
    def tilt(self) -> FloatArray:
        """(3, 3) homography of the tilted sensor (identity without tilt), OpenCV's computeTiltProjectionMatrix."""
        tau_x, tau_y = self.padded[12:]
        cos_x, sin_x, cos_y, sin_y = np.cos(tau_x), np.sin(tau_x), np.cos(tau_y), np.sin(tau_y)
        about_x = np.array([[1.0, 0.0, 0.0], [0.0, cos_x, sin_x], [0.0, -sin_x, cos_x]])
        about_y = np.array([[cos_y, 0.0, -sin_y], [0.0, 1.0, 0.0], [sin_y, 0.0, cos_y]])
        rotation = about_y @ about_x
        projection = np.array(
            [[rotation[2, 2], 0.0, -rotation[0, 2]], [0.0, rotation[2, 2], -rotation[1, 2]], [0.0, 0.0, 1.0]]
        )
        result: FloatArray = projection @ rotation
        return result

    def distort(self, xy: FloatArray) -> FloatArray:
        """Map (N, 2) undistorted to distorted normalised coordinates, without regard to the valid radius."""
        return self._apply_tilt(self._distort_untilted(xy))

    def jacobian(self, xy: FloatArray) -> FloatArray:
        """Return (N, 2, 2) derivatives of `distort` at (N, 2) undistorted coordinates."""
        inner = self._jacobian_untilted(xy)
        if not self.padded[12:].any():
            return inner
        tilt = self.tilt
        bent = self._distort_untilted(xy)
        scale = bent @ tilt[2, :2] + tilt[2, 2]
        landed = (bent @ tilt[:2, :2].T + tilt[:2, 2]) / scale[:, None]
        outer = (tilt[None, :2, :2] - landed[:, :, None] * tilt[None, None, 2, :2]) / scale[:, None, None]
        result: FloatArray = outer @ inner
        return result

    def undistort(self, xy: FloatArray) -> FloatArray:
        """Map (N, 2) distorted to undistorted coordinates; NaN where no valid ray lands."""
        level = xy
        if self.padded[12:].any():
            homogeneous = np.column_stack([xy, np.ones(len(xy))]) @ np.linalg.inv(self.tilt).T
            level = homogeneous[:, :2] / homogeneous[:, 2:]
        return invert(level, self._untilted_map)

    @cached_property
    def _untilted_map(self) -> LensMap:
        return LensMap(self._distort_untilted, self._jacobian_untilted, self._radial_curve, self._domain)

    def _determinant(self, xy: FloatArray) -> FloatArray:
        return _determinants(self.jacobian(xy))

    def _radial_polynomials(self) -> tuple[FloatArray, FloatArray]:
        """Return numerator and denominator of the radial factor as (4,) coefficients in r^2, lowest first."""
        c = self.padded
        return np.array([1.0, c[0], c[1], c[4]]), np.array([1.0, c[5], c[6], c[7]])

    def _radial_factor(self, r2: FloatArray) -> FloatArray:
        numerator, denominator = self._radial_polynomials()
        top = horner(numerator, r2)
        return top / horner(denominator, r2) if denominator[1:].any() else top

    def _radial_curve(self, radius: FloatArray) -> FloatArray:
        return radius * self._radial_factor(radius * radius)

    def _distort_untilted(self, xy: FloatArray) -> FloatArray:
        c = self.padded
        x, y = xy[:, 0], xy[:, 1]
        r2 = x * x + y * y
        factor = self._radial_factor(r2)
        cross = 2.0 * x * y
        bent = np.empty_like(xy)
        bent[:, 0] = x * factor + c[2] * cross + c[3] * (r2 + 2.0 * x * x) + r2 * (c[8] + c[9] * r2)
        bent[:, 1] = y * factor + c[2] * (r2 + 2.0 * y * y) + c[3] * cross + r2 * (c[10] + c[11] * r2)
        return bent

    def _jacobian_untilted(self, xy: FloatArray) -> FloatArray:
        c = self.padded
        x, y = xy[:, 0], xy[:, 1]
        r2 = x * x + y * y
        numerator, denominator = self._radial_polynomials()
        top, bottom = horner(numerator, r2), horner(denominator, r2)
        factor = top / bottom
        slope = (horner(derivative(numerator), r2) - factor * horner(derivative(denominator), r2)) / bottom
        prism_x, prism_y = c[8] + 2.0 * c[9] * r2, c[10] + 2.0 * c[11] * r2
        result = np.empty((len(xy), 2, 2))
        result[:, 0, 0] = factor + 2.0 * x * x * slope + 2.0 * c[2] * y + 6.0 * c[3] * x + 2.0 * x * prism_x
        result[:, 0, 1] = 2.0 * x * y * slope + 2.0 * c[2] * x + 2.0 * c[3] * y + 2.0 * y * prism_x
        result[:, 1, 0] = 2.0 * x * y * slope + 2.0 * c[2] * x + 2.0 * c[3] * y + 2.0 * x * prism_y
        result[:, 1, 1] = factor + 2.0 * y * y * slope + 6.0 * c[2] * y + 2.0 * c[3] * x + 2.0 * y * prism_y
        return result

    def _apply_tilt(self, bent: FloatArray) -> FloatArray:
        if not self.padded[12:].any():
            return bent
        tilt = self.tilt
        result: FloatArray = (bent @ tilt[:2, :2].T + tilt[:2, 2]) / (bent @ tilt[2, :2] + tilt[2, 2])[:, None]
        return result


def _determinants(matrices: FloatArray) -> FloatArray:
    """Return the (N,) determinants of (N, 2, 2) matrices."""
    result: FloatArray = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0]
    return result
