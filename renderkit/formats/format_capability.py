"""What a camera format can say, and what of a camera it would lose.

A format that cannot carry a camera refuses it, with the reason and the displacement in px that dropping the part would
cause. Nothing is dropped silently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from renderkit.arrays import FloatArray, Pixels
from renderkit.errors import DatasetError
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.distortion import make_distortion
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import Distortion, NoDistortion
from renderkit.wording import counted

_SHARE_COLUMNS = 120
GRID_COLUMNS = 25
"""Cells along the longer side of the grid on which losses and residuals are measured; the other follows the shape."""


@dataclass(frozen=True)
class Expressible:
    """What a format can state about a camera.

    Attributes:
        brown_conrady: How many of OpenCV's 14 standard coefficients it holds (0: none).
        kannala_brandt: Whether it holds OpenCV's fisheye model.
        skew: Whether K[0, 1] may differ from zero.
        aspect: Whether fx and fy may differ.
        fold_over: Whether a lens model may fold over inside the image. False for the formats of programs that
            undistort every pixel and know no valid radius: beyond it they would invent rays.
        shared_intrinsics: One K for all cameras.
        shared_size: One image size for all cameras.
        shared_model: One lens model (fisheye or not) for all cameras.
        size: Whether the image size is in the file.
    """

    brown_conrady: int = 0
    kannala_brandt: bool = False
    skew: bool = True
    aspect: bool = True
    fold_over: bool = True
    shared_intrinsics: bool = False
    shared_size: bool = False
    shared_model: bool = False
    size: bool = True


@dataclass(frozen=True)
class Violation:
    """One reason why a format cannot carry a camera.

    Attributes:
        reason: What the format lacks, with the numbers.
        loss_px: The largest displacement in the image if that part were dropped, in px; inf where rays are lost.
        band: True where `loss_px` is instead the width of the band of pixels, at the corners, that has no ray.
    """

    reason: str
    loss_px: float
    band: bool = False

    @property
    def effect(self) -> str:
        """What the user would see."""
        if not np.isfinite(self.loss_px):
            return "whole rays would be lost"
        if self.band:
            return f"a band of {self.loss_px:.4g} px at the corners would be given rays that do not exist"
        return f"dropping it would move pixels by up to {self.loss_px:.4g} px"


class InexpressibleError(DatasetError):
    """A format cannot carry a camera; `why` says what would be lost and names --approximate."""


def image_grid(camera: Camera) -> tuple[Pixels, tuple[int, int]]:
    """Return (N, 2) pixels on a regular grid from edge to edge of the image, and its (rows, columns)."""
    columns, rows = _cells(camera, GRID_COLUMNS, 3)
    u, v = np.meshgrid(np.linspace(-0.5, camera.width - 0.5, columns), np.linspace(-0.5, camera.height - 0.5, rows))
    return np.column_stack([u.ravel(), v.ravel()]), (rows, columns)


def _cells(camera: Camera, longer: int, fewest: int) -> tuple[int, int]:
    """Return (columns, rows) of a grid with `longer` cells along the longer side of the image."""
    step = max(camera.size) / longer
    return max(fewest, round(camera.width / step)), max(fewest, round(camera.height / step))


def corner_pixels(camera: Camera) -> Pixels:
    """Return the (4, 2) centres of the image's corner pixels."""
    right, bottom = camera.width - 1.0, camera.height - 1.0
    return np.array([[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]])


def folds_inside_image(camera: Camera) -> bool:
    """Return True if some corner pixel is reached by no ray inside the lens model's valid radius."""
    if not np.isfinite(camera.distortion.valid_distorted_radius):
        return False
    return bool(np.isnan(camera.unproject(corner_pixels(camera))).any())


def lost_share(camera: Camera) -> float:
    """Return the share of the image that no ray inside the valid radius reaches, on a grid of pixel centres."""
    columns, rows = _cells(camera, _SHARE_COLUMNS, 2)
    u, v = np.meshgrid(
        (np.arange(columns) + 0.5) * camera.width / columns - 0.5,
        (np.arange(rows) + 0.5) * camera.height / rows - 0.5,
    )
    rays = camera.unproject(np.column_stack([u.ravel(), v.ravel()]))
    return float(np.isnan(rays).any(axis=1).mean())


def violations(camera: Camera, limits: Expressible) -> tuple[Violation, ...]:
    """Return the reasons why a format cannot state `camera`; empty when it can, exactly."""
    found = []
    if not limits.skew and camera.K[0, 1] != 0.0:
        reason = f"it has no skew (this camera: {camera.K[0, 1]:g} px)"
        found.append(Violation(reason, _loss(camera, replace(camera, K=_without_skew(camera.K)))))
    if not limits.aspect and camera.K[0, 0] != camera.K[1, 1]:
        reason = f"it has one focal length (this camera: fx {camera.K[0, 0]:.6g}, fy {camera.K[1, 1]:.6g} px)"
        found.append(Violation(reason, _loss(camera, replace(camera, K=_with_one_focal(camera.K)))))
    lens = _lens_violation(camera, limits)
    if lens is not None:
        found.append(lens)
    elif not limits.fold_over and folds_inside_image(camera):
        found.append(_fold_violation(camera))
    return tuple(found)


def refusal(path: Path, format_name: str, reasons: dict[str, tuple[Violation, ...]], total: int) -> InexpressibleError:
    """Return the error for the cameras that a format cannot carry."""
    name, first = next(iter(reasons.items()))
    parts = "; ".join(f"{one.reason}: {one.effect}" for one in first)
    worst = max(one.loss_px for some in reasons.values() for one in some)
    why = (
        f"{format_name} cannot carry this camera exactly: {parts}. Refused: "
        f"{len(reasons)} of {counted(total, 'camera')}, the "
        f"worst by {worst:.4g} px. Choose another format, or --approximate to fit the nearest camera that it can carry"
    )
    return InexpressibleError(path, name, why)


def _lens_violation(camera: Camera, limits: Expressible) -> Violation | None:
    lens = camera.distortion
    if isinstance(lens, NoDistortion):
        return None
    if isinstance(lens, KannalaBrandt):
        if limits.kannala_brandt:
            return None
        reason = "it has no fisheye model (this camera: Kannala-Brandt)"
        return Violation(reason, _loss(camera, camera.undistorted()))
    padded = lens.padded if isinstance(lens, BrownConrady) else lens.coefficients
    extra = padded[limits.brown_conrady :]
    if not extra.any():
        return None
    held = (
        f"the first {counted(limits.brown_conrady, 'distortion coefficient')}"
        if limits.brown_conrady
        else "no distortion"
    )
    reason = f"it holds {held} (this camera has {np.flatnonzero(padded)[-1] + 1}: {_short(padded)})"
    return Violation(reason, _loss(camera, replace(camera, distortion=truncated(lens, limits.brown_conrady))))


def _fold_violation(camera: Camera) -> Violation:
    center = camera.K[:2, 2]
    reach = camera.distortion.valid_distorted_radius * float(camera.K[0, 0])
    band = float(np.max(np.linalg.norm(corner_pixels(camera) - center, axis=1))) - reach
    reason = (
        f"its programs undistort every pixel, and this lens folds over {reach:.0f} px from the centre, inside the "
        f"image ({100.0 * lost_share(camera):.2f}% of it is reached by no ray)"
    )
    return Violation(reason, max(band, 0.0), band=True)


def truncated(lens: Distortion, count: int) -> Distortion:
    """Return a standard lens with only its first `count` coefficients."""
    padded = np.zeros(14)
    padded[: min(count, lens.coefficients.size)] = lens.coefficients[:count]
    length = next(size for size in (4, 5, 8, 12, 14) if size >= min(count, lens.coefficients.size))
    return make_distortion(padded[:length])


def _loss(camera: Camera, other: Camera) -> float:
    """Return the largest displacement over the image between two cameras with one pose, in px."""
    pixels, _ = image_grid(camera)
    rays = camera.unproject(pixels)
    seen = ~np.isnan(rays).any(axis=1)
    moved: FloatArray = np.linalg.norm(other.project_cam(rays[seen]) - pixels[seen], axis=1)
    return float(np.max(moved)) if moved.size and np.isfinite(moved).all() else float("inf")


def _without_skew(intrinsics: FloatArray) -> FloatArray:
    result = intrinsics.copy()
    result[0, 1] = 0.0
    return result


def _with_one_focal(intrinsics: FloatArray) -> FloatArray:
    result = intrinsics.copy()
    result[0, 0] = result[1, 1] = 0.5 * (intrinsics[0, 0] + intrinsics[1, 1])
    return result


def _short(values: FloatArray) -> str:
    return " ".join(f"{value:.3g}" for value in values[: np.flatnonzero(values)[-1] + 1])
