"""Which slip of amount leaves such residuals: a shift, a scale, a roll, something that grows with the radius?

Each model is fitted by least squares about the principal point; the Bayesian information criterion (Schwarz 1978)
chooses the simplest that explains them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray, as_array
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.pose import Pose
from renderkit.wording import lies_text, too_much, turned_text

NOISE_FLOOR_PX: Final = 0.15
"""Residuals of landmarks are never taken to be known better than this, per component."""

STRONG_EVIDENCE: Final = 10.0
"""By how much the criterion must prefer a model to none at all before it is named (Kass and Raftery 1995)."""

_MIN_POINTS: Final = 6
_COEFFICIENTS: Final = 5
_HALF_PIXEL_TOLERANCE: Final = 0.15
_MODELS: Final[tuple[tuple[str, ...], ...]] = (
    ("scale",),
    ("roll",),
    ("radial",),
    ("shift",),
    ("scale", "roll"),
    ("shift", "scale"),
    ("shift", "roll"),
    ("shift", "radial"),
    ("scale", "radial"),
    ("shift", "scale", "roll"),
    ("shift", "scale", "radial"),
)


@dataclass(frozen=True)
class ResidualPattern:
    """What residuals look like.

    Attributes:
        terms: Of "shift", "scale", "roll" and "radial", those that are needed; () when nothing explains them.
        sentence: What that means for the calibration.
        shift_px: (dx, dy) predicted minus captured; (0, 0) without that term.
        scale: Relative, 0 without; above 0 when the prediction is too large.
        roll_deg: 0 without; above 0 when the prediction is turned clockwise.
        radial: Error of k1, 0 without; above 0 when the prediction lies too far out.
        explained: Share of the sum of squares.
        remaining_px: RMS per point of what is left.
    """

    terms: tuple[str, ...]
    sentence: str
    shift_px: tuple[float, float]
    scale: float
    roll_deg: float
    radial: float
    explained: float
    remaining_px: float

    @property
    def cause(self) -> str:
        """Short name, such as "shift and scale"."""
        return " and ".join(self.terms)

    @property
    def num_free(self) -> int:
        """How many numbers were fitted."""
        return _size(self.terms)


def corrected_camera(camera: Camera, pattern: ResidualPattern) -> Camera:
    """Return the camera without the pattern's shift, scale, roll and error of k1.

    The shift moves the principal point, whichever of its causes is the true one: over a head they look alike.
    """
    angle = -math.radians(pattern.roll_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0], [0, 0, 1.0]])
    intrinsics = camera.K.copy()
    intrinsics[:2, :2] /= 1.0 + pattern.scale
    intrinsics[:2, 2] -= pattern.shift_px
    pose = camera.cam_from_world
    corrected = replace(camera, K=intrinsics, cam_from_world=Pose(turn @ pose.R, turn @ pose.t))
    return replace(corrected, distortion=_bent_less(camera, pattern.radial)) if pattern.radial else corrected


def _bent_less(camera: Camera, amount: float) -> BrownConrady | KannalaBrandt:
    lens = camera.distortion
    coefficients = lens.coefficients.copy() if len(lens.coefficients) else np.zeros(_COEFFICIENTS)
    coefficients[0] -= amount
    return KannalaBrandt(coefficients) if lens.model == "kannala_brandt" else BrownConrady(coefficients)


def find_pattern(
    points: FloatArray, residuals: FloatArray, camera: Camera, noise_px: float = NOISE_FLOOR_PX
) -> ResidualPattern | None:
    """Find the simplest pattern in residuals.

    Args:
        points: (N, 2) px, where they were measured.
        residuals: (N, 2) px, predicted minus captured.
        camera: Whose picture it is.
        noise_px: Below this, per component, residuals are taken for noise.

    Returns:
        None with fewer than 6 finite residuals, or without any error.

    Raises:
        ValueError: If the shapes are wrong.
    """
    where = as_array(points, np.float64, (None, 2), "points")
    values = as_array(residuals, np.float64, (len(where), 2), "residuals")
    known = np.isfinite(where).all(axis=1) & np.isfinite(values).all(axis=1)
    total = float((values[known] ** 2).sum())
    if known.sum() < _MIN_POINTS or total == 0.0:
        return None
    offset, target = where[known] - camera.K[:2, 2], values[known].ravel()
    fits = [(terms, *_fit(terms, offset, target, camera)) for terms in _MODELS]
    terms, solution, left = min(fits, key=lambda fit: _criterion(fit[2], len(target), _size(fit[0]), noise_px))
    explained = 1.0 - left / total
    remaining = math.sqrt(left / known.sum())
    count = len(target)
    gain = _criterion(total, count, 0, noise_px) - _criterion(left, count, _size(terms), noise_px)
    if gain < STRONG_EVIDENCE:
        words = f"no shift, scale, roll or lens explains its residuals ({100 * explained:.0f} %): they scatter"
        return ResidualPattern((), words, (0.0, 0.0), 0.0, 0.0, 0.0, explained, remaining)
    dx, dy = solution.get("dx", 0.0), solution.get("dy", 0.0)
    scale, roll = solution.get("scale", 0.0), math.degrees(solution.get("roll", 0.0))
    radial = solution.get("radial", 0.0)
    words = _sentence(terms, (dx, dy), scale, roll, radial)
    return ResidualPattern(terms, words, (dx, dy), scale, roll, radial, explained, remaining)


def _size(terms: tuple[str, ...]) -> int:
    return len(terms) + ("shift" in terms)


def _criterion(left: float, count: int, size: int, noise_px: float) -> float:
    return count * math.log(left / count + noise_px**2) + size * math.log(count)


def _fit(
    terms: tuple[str, ...], offset: FloatArray, target: FloatArray, camera: Camera
) -> tuple[dict[str, float], float]:
    """Return the fitted terms and the sum of squares that is left."""
    columns: dict[str, FloatArray] = {}
    if "shift" in terms:
        columns["dx"], columns["dy"] = np.tile([1.0, 0.0], len(offset)), np.tile([0.0, 1.0], len(offset))
    if "scale" in terms:
        columns["scale"] = offset.ravel()
    if "roll" in terms:
        columns["roll"] = np.column_stack([-offset[:, 1], offset[:, 0]]).ravel()
    if "radial" in terms:
        squared = ((offset / np.diag(camera.K)[:2]) ** 2).sum(axis=1, keepdims=True)
        columns["radial"] = (offset * squared).ravel()
    design = np.column_stack(list(columns.values()))
    found, *_ = np.linalg.lstsq(design, target, rcond=None)
    left = float(((target - design @ found) ** 2).sum())
    return dict(zip(columns, map(float, found), strict=True)), left


def _sentence(terms: tuple[str, ...], shift: tuple[float, float], scale: float, roll: float, radial: float) -> str:
    parts = {
        "shift": lies_text(shift),
        "scale": f"are {abs(100 * scale):.2f} % {too_much(scale)}",
        "roll": f"are {turned_text(roll)}",
        "radial": f"lie {too_much(radial, 'far out', 'far in')} by an amount that grows with the cube of the radius",
    }
    means = {
        "shift": "principal point, a small rotation about x or y, or a sideways translation",
        "scale": f"focal length {too_much(scale, 'long', 'short')}, or distance along the axis",
        "roll": "rotation about the optical axis",
        "radial": f"lens distortion, as by a k1 that is {too_much(radial)} by {abs(radial):.3g}",
    }
    what = " and ".join(parts[term] for term in terms)
    if terms == ("shift",) and all(abs(abs(value) - 0.5) < _HALF_PIXEL_TOLERANCE for value in shift):
        return f"its projections {what}, half a pixel on both axes: pixel centres are counted from the corner"
    return f"its projections {what}: {'; '.join(means[term] for term in terms)}"
