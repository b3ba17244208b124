"""Lens distortion models on normalised coordinates (x, y) = (X / Z, Y / Z).

A lens model is only a model up to where its map folds. Beyond that several rays fall on one pixel, and plain evaluation
folds far-off-axis points back into the picture. Each model says which rays are valid.

Formulas: OpenCV, "Camera Calibration and 3D Reconstruction" (Brown-Conrady, rational, thin prism, tilted sensor) and
"Fisheye camera model" (Kannala-Brandt).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from renderkit.arrays import BoolArray, FloatArray, frozen
from renderkit.geometry.fold import Domain, circle, find_domain, radial_limits
from renderkit.geometry.inverse import LensMap, invert

ModelName: TypeAlias = Literal["none", "brown_conrady", "kannala_brandt"]

_LARGEST = 1e20
"""No lens has such a coefficient; products of larger ones overflow."""


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
        given = np.asarray(self.coefficients, dtype=np.float64).reshape(-1)
        if given.size not in {4, 5, 8, 12, 14}:
            raise ValueError(f"Brown-Conrady takes 4, 5, 8, 12 or 14 coefficients, got {given.size}")
        if not (np.abs(given) <= _LARGEST).all():
            raise ValueError(f"Brown-Conrady coefficients must be finite and at most {_LARGEST:g}, got {given}")
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
        return invert(level, LensMap(self._distort_untilted, self._jacobian_untilted, self._radial_curve, self._domain))

    def _determinant(self, xy: FloatArray) -> FloatArray:
        return _determinants(self.jacobian(xy))

    def _radial_polynomials(self) -> tuple[FloatArray, FloatArray]:
        """Return numerator and denominator of the radial factor as (4,) coefficients in r^2, lowest first."""
        c = self.padded
        return np.array([1.0, c[0], c[1], c[4]]), np.array([1.0, c[5], c[6], c[7]])

    def _radial_factor(self, r2: FloatArray) -> FloatArray:
        numerator, denominator = self._radial_polynomials()
        top = _horner(numerator, r2)
        return top / _horner(denominator, r2) if denominator[1:].any() else top

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
        top, bottom = _horner(numerator, r2), _horner(denominator, r2)
        factor = top / bottom
        slope = (_horner(_derivative(numerator), r2) - factor * _horner(_derivative(denominator), r2)) / bottom
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
        given = np.asarray(self.coefficients, dtype=np.float64).reshape(-1)
        if given.size != 4 or not (np.abs(given) <= _LARGEST).all():
            raise ValueError(f"Kannala-Brandt takes 4 finite coefficients of at most {_LARGEST:g}, got {given}")
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
        return theta * _horner(self._polynomial(), theta * theta)

    def _theta_slope(self, theta: FloatArray) -> FloatArray:
        return _horner(self._polynomial() * np.array([1.0, 3.0, 5.0, 7.0, 9.0]), theta * theta)


def make_distortion(coefficients: ArrayLike) -> NoDistortion | BrownConrady:
    """Return the standard model for 0, 4, 5, 8, 12 or 14 OpenCV coefficients; all zeros become `NoDistortion`.

    Raises:
        ValueError: For any other number of coefficients, or values that are not finite or beyond 1e20.
    """
    given = np.asarray(coefficients, dtype=np.float64).reshape(-1)
    if given.size in {0, 4, 5, 8, 12, 14} and not given.any():
        return NoDistortion()
    return BrownConrady(given)


def _horner(coefficients: FloatArray, x: FloatArray) -> FloatArray:
    """Evaluate a polynomial with coefficients lowest first."""
    result = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result


def _derivative(coefficients: FloatArray) -> FloatArray:
    """Return the derivative's coefficients, lowest first."""
    return coefficients[1:] * np.arange(1.0, len(coefficients))


def _diagonal(slope: FloatArray) -> FloatArray:
    """Return (N, 2, 2) matrices diag(slope, 1)."""
    result = np.zeros((len(slope), 2, 2))
    result[:, 0, 0] = slope
    result[:, 1, 1] = 1.0
    return result


def _determinants(matrices: FloatArray) -> FloatArray:
    """Return the (N,) determinants of (N, 2, 2) matrices."""
    result: FloatArray = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0]
    return result
