"""The nearest camera that a format can carry: least squares over an image grid, pose held fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Pixels, Points3, frozen
from renderkit.formats.format_capability import Expressible, folds_inside_image, image_grid
from renderkit.geometry.brown_conrady import BrownConrady
from renderkit.geometry.camera import Camera
from renderkit.geometry.kannala_brandt import KannalaBrandt
from renderkit.geometry.lens_model import NoDistortion

_STEPS = 60
_RELATIVE_STEP = 1e-6
_LensKind: TypeAlias = Literal["kannala_brandt", "brown_conrady"]
_Residual: TypeAlias = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class FitResidual:
    """How far an approximated camera is from the true one, over the image.

    Attributes:
        camera: The camera's name.
        model: The lens model that was fitted and its number of coefficients.
        max_px: Largest displacement on the grid, in px.
        rms_px: Root mean square displacement per grid point, in px.
        error_px: (rows, columns) displacement on a grid from edge to edge of the image; NaN where the true camera has
            no ray or the fitted one does not project it.
        lost_share: Share of the grid that is NaN.
    """

    camera: str
    model: str
    max_px: float
    rms_px: float
    error_px: FloatArray
    lost_share: float


def fit_camera(camera: Camera, limits: Expressible) -> tuple[Camera, FitResidual]:
    """Return the nearest camera that `limits` admits, and its residual.

    Focal lengths, centre, skew (if admitted) and coefficients are free; the pose is not. Where the format does not
    admit fold-over, models with fewer coefficients are tried until one rises over the whole image.

    Raises:
        ValueError: If the camera has no ray in its image at all.
    """
    pixels, shape = image_grid(camera)
    rays = camera.unproject(pixels)
    seen = ~np.isnan(rays).any(axis=1)
    if seen.sum() < 20:
        raise ValueError(f"camera {camera.name}: too few pixels have a ray to fit another model")
    best: Camera | None = None
    for kind, count in _candidates(camera, limits):
        fitted = _fit(camera, kind, count, limits, rays[seen], pixels[seen])
        if not limits.fold_over and folds_inside_image(fitted):
            continue
        if best is None or _rms(fitted, rays[seen], pixels[seen]) < _rms(best, rays[seen], pixels[seen]):
            best = fitted
        if best.distortion.model == camera.distortion.model or count == 0:
            break
    fallback = best or replace(camera, distortion=NoDistortion(), K=_upright(camera.K, limits))
    return fallback, measure_residual(camera, fallback, rays, pixels, shape)


def measure_residual(
    camera: Camera,
    fitted: Camera,
    rays: Points3 | None = None,
    pixels: Pixels | None = None,
    shape: tuple[int, int] = (0, 0),
) -> FitResidual:
    """Return the displacement over the image between a camera and its approximation."""
    if rays is None or pixels is None:
        pixels, shape = image_grid(camera)
        rays = camera.unproject(pixels)
    known = ~np.isnan(rays).any(axis=1)
    error = np.full(len(pixels), np.nan)
    error[known] = np.linalg.norm(fitted.project_cam(rays[known]) - pixels[known], axis=1)
    there = error[np.isfinite(error)]
    return FitResidual(
        camera=camera.name,
        model=f"{fitted.distortion.model}({fitted.distortion.coefficients.size})",
        max_px=float(there.max()) if there.size else float("nan"),
        rms_px=float(np.sqrt(np.mean(there**2))) if there.size else float("nan"),
        error_px=frozen(error.reshape(shape)),
        lost_share=float(1.0 - there.size / error.size),
    )


def _candidates(camera: Camera, limits: Expressible) -> Iterator[tuple[_LensKind, int]]:
    """Yield the lens models to try, the most expressive of the camera's own kind first."""
    if camera.distortion.model == "none":
        yield "brown_conrady", 0
        return
    kinds: list[_LensKind] = ["kannala_brandt", "brown_conrady"]
    if camera.distortion.model != "kannala_brandt":
        kinds.reverse()
    for kind in kinds:
        if kind == "kannala_brandt" and limits.kannala_brandt:
            yield from ((kind, count) for count in (4, 2, 1))
        if kind == "brown_conrady":
            yield from ((kind, count) for count in (14, 12, 8, 5, 4, 2, 1) if count <= limits.brown_conrady)
    yield "brown_conrady", 0


def _fit(camera: Camera, kind: _LensKind, count: int, limits: Expressible, rays: Points3, pixels: Pixels) -> Camera:
    """Levenberg-Marquardt with a numeric Jacobian; the start is the camera itself with coefficients cut to `count`."""
    free = _free_parameters(limits, count)
    start = np.zeros(5 + count)
    start[:5] = camera.K[0, 0], camera.K[1, 1], camera.K[0, 2], camera.K[1, 2], camera.K[0, 1] * limits.skew
    if camera.distortion.model == kind:
        own = camera.distortion.coefficients[:count]
        start[5 : 5 + own.size] = own
    if not limits.aspect:
        start[0] = start[1] = 0.5 * (start[0] + start[1])

    def residual(values: FloatArray) -> FloatArray:
        model = _camera_of(camera, kind, _tied(values, limits))
        xy = rays[:, :2]
        bent = model.distortion.distort(xy)
        result: FloatArray = (bent @ model.K[:2, :2].T + model.K[:2, 2] - pixels).ravel()
        return result

    values = _levenberg_marquardt(residual, start, free, float(camera.K[0, 0]))
    return _camera_of(camera, kind, _tied(values, limits))


def _levenberg_marquardt(residual: _Residual, start: FloatArray, free: BoolArray, focal: float) -> FloatArray:
    """Minimise |residual|^2 over the free entries of `start`."""
    scale = np.where(np.arange(start.size) < 5, focal, 1.0) * _RELATIVE_STEP
    indices = np.flatnonzero(free)
    values, damping = start.copy(), 1e-3
    error = residual(values)
    for _ in range(_STEPS):
        jacobian = np.column_stack([_slope(residual, values, int(index), float(scale[index])) for index in indices])
        weights = np.linalg.norm(jacobian, axis=0)
        weights[weights == 0.0] = 1.0
        scaled = jacobian / weights
        normal, gradient = scaled.T @ scaled, scaled.T @ error
        for _ in range(12):
            step = np.linalg.solve(normal + damping * np.eye(indices.size), gradient) / weights
            trial = values.copy()
            trial[indices] -= step
            trial_error = residual(trial)
            if trial_error @ trial_error < error @ error:
                break
            damping *= 8.0
        else:
            return values
        gain = 1.0 - float(trial_error @ trial_error) / max(float(error @ error), 1e-300)
        values, error, damping = trial, trial_error, max(damping / 8.0, 1e-12)
        if gain < 1e-10:
            break
    return values


def _slope(residual: _Residual, values: FloatArray, index: int, step: float) -> FloatArray:
    up, down = values.copy(), values.copy()
    up[index] += step
    down[index] -= step
    return (residual(up) - residual(down)) / (2.0 * step)


def _free_parameters(limits: Expressible, count: int) -> BoolArray:
    """Return which of fx, fy, cx, cy, skew and the coefficients are fitted."""
    free = np.ones(5 + count, dtype=np.bool_)
    free[1], free[4] = limits.aspect, limits.skew
    return free


def _tied(values: FloatArray, limits: Expressible) -> FloatArray:
    if limits.aspect:
        return values
    result = values.copy()
    result[1] = values[0]
    return result


def _camera_of(camera: Camera, kind: _LensKind, values: FloatArray) -> Camera:
    fx, fy, cx, cy, skew = values[:5]
    given = values[5:]
    lens: KannalaBrandt | BrownConrady | NoDistortion = NoDistortion()
    if kind == "kannala_brandt":
        lens = KannalaBrandt(np.concatenate([given, np.zeros(4 - given.size)]))
    elif given.size:
        length = next(size for size in (4, 5, 8, 12, 14) if size >= given.size)
        lens = BrownConrady(np.concatenate([given, np.zeros(length - given.size)]))
    intrinsics = np.array([[max(fx, 1e-6), skew, cx], [0.0, max(fy, 1e-6), cy], [0.0, 0.0, 1.0]])
    return replace(camera, K=intrinsics, distortion=lens)


def _rms(camera: Camera, rays: Points3, pixels: Pixels) -> float:
    error = camera.project_cam(rays) - pixels
    # A model that cannot project a ray is worse than one that misplaces it.
    error[np.isnan(error)] = float(camera.width + camera.height)
    return float(np.sqrt(np.mean(np.sum(error**2, axis=1))))


def _upright(intrinsics: FloatArray, limits: Expressible) -> FloatArray:
    result = intrinsics.copy()
    if not limits.skew:
        result[0, 1] = 0.0
    if not limits.aspect:
        result[0, 0] = result[1, 1] = 0.5 * (intrinsics[0, 0] + intrinsics[1, 1])
    return result
