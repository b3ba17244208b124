"""How far a lens reaches and how strongly it bends lines: what decides which triangles must be cut up for it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import BoolArray, FloatArray, Pixels, Points3
from renderkit.geometry.camera import Camera

_RADII, _ANGLES, _DIRECTIONS = 33, 8, 4
_CURVATURE_MARGIN = 1.25
_VISIBLE_MARGIN = 1.1
_WIDEST_SAMPLE = 60.0
_WIDEST = 1e4
"""Radius that stands for 90 degrees off the axis: 0.1 mrad short of it, where float32 still tells z from 0."""

VALID_BORDER_PX, _REAR_BORDER_PX = 0.5, 0.1


@dataclass(frozen=True, eq=False)
class LensBounds:
    """A camera's lens on normalised coordinates (X / Z, Y / Z).

    Attributes:
        camera: The camera.
        limit: Undistorted radius beyond which nothing is seen: where the lens ends, or a radius well outside the
            picture. inf for a lens that sees all that is in front of the camera plane.
        radii: (R,) ascending radii.
        curvature: (R,) largest second derivative of the distorted position, in px, within each radius.
        border_px: How coarse the border of what is drawn may be: below a pixel at the valid radius, which is seen as
            the outline of the mesh; up to half the way to the picture's corner where the limit lies outside it.
    """

    camera: Camera
    limit: float
    border_px: float
    radii: FloatArray
    curvature: FloatArray

    def curvature_within(self, radius: FloatArray) -> FloatArray:
        """Return a bound of the second derivative in px anywhere within (N,) radii."""
        index = np.searchsorted(self.radii, radius, side="left")
        return self.curvature[np.minimum(index, len(self.radii) - 1)]

    def inside(self, points_cam: Points3) -> BoolArray:
        """Return (N,) True where (N, 3) points are in front of the camera and within the limit."""
        z = points_cam[:, 2]
        if not np.isfinite(self.limit):
            return np.asarray(z > 0.0)
        across = np.hypot(points_cam[:, 0], points_cam[:, 1])
        return np.asarray((z > 0.0) & (across <= self.limit * z))

    def before_fold(self, points_cam: Points3) -> BoolArray:
        """Return (N,) True where (N, 3) points are inside, and no direction folds as near to the axis."""
        inside, fold = self.inside(points_cam), self.camera.distortion.valid_radius
        if fold >= self.limit:
            return inside
        across = np.hypot(points_cam[:, 0], points_cam[:, 1])
        return np.asarray(inside & (across <= fold * points_cam[:, 2]))

    def beyond_fold(self, corners_cam: FloatArray) -> BoolArray:
        """Return (N,) True for (N, 3, 3) triangles whose middle ray no longer is valid."""
        middle = corners_cam.mean(axis=1)
        known = middle[:, 2] > 0.0
        ideal = middle[:, :2] / np.where(known, middle[:, 2], 1.0)[:, None]
        radius = np.hypot(ideal[:, 0], ideal[:, 1])
        # What lies on the limit itself is cut there; only folds within it are looked for.
        within = np.flatnonzero(known & (radius > self.camera.distortion.valid_radius) & (radius < self.limit))
        beyond = np.zeros(len(middle), dtype=np.bool_)
        beyond[within] = ~self.camera.distortion.is_valid(ideal[within])
        return beyond

    def separated(self, corners_cam: FloatArray) -> BoolArray:
        """Return (N,) True where a plane proves that nothing of (N, 3, 3) triangles is within the limit."""
        z = corners_cam[..., 2]
        behind = (z <= 0.0).all(axis=1)
        if not np.isfinite(self.limit):
            return np.asarray(behind)
        outward = corners_cam[..., :2].mean(axis=1)
        length = np.linalg.norm(outward, axis=1, keepdims=True)
        outward = np.divide(outward, length, out=np.zeros_like(outward), where=length > 0.0)
        along = np.einsum("nij,nj->ni", corners_cam[..., :2], outward)
        return np.asarray(behind | (along > self.limit * z).all(axis=1))

    def pixels(self, points_cam: Points3) -> Pixels:
        """Return (N, 2) pixels of (N, 3) points; points beyond the limit are drawn in to it along their radius."""
        xy, z = points_cam[:, :2], points_cam[:, 2:]
        across = np.hypot(xy[:, 0], xy[:, 1])[:, None]
        reach = min(self.limit, 1e6)
        in_front = np.where(z > 0.0, z, 1.0)
        beyond = (z <= 0.0) | (across > reach * z)
        # A point straight behind the camera has no direction; any one will do.
        direction = np.divide(xy, across, out=np.broadcast_to((1.0, 0.0), xy.shape).copy(), where=across > 0.0)
        ideal = np.where(beyond, reach * direction, xy / in_front)
        bent = self.camera.distortion.distort(ideal)
        pixels: Pixels = bent @ self.camera.K[:2, :2].T + self.camera.K[:2, 2]
        return pixels


class LensCatalog:
    """The bounds of each camera, found once and kept as long as the camera lives."""

    def __init__(self) -> None:
        self._bounds: weakref.WeakKeyDictionary[Camera, tuple[float, float, FloatArray, FloatArray]] = (
            weakref.WeakKeyDictionary()
        )

    def get(self, camera: Camera) -> LensBounds:
        """Return the camera's bounds."""
        found = self._bounds.get(camera)
        if found is None:
            limit = _limit(camera)
            found = limit, _border_px(camera, limit), *_curvature_table(camera, limit)
            self._bounds[camera] = found
        return LensBounds(camera, *found)


def _limit(camera: Camera) -> float:
    """Return the valid radius, or a radius safely outside the picture if that is smaller."""
    lens = camera.distortion
    columns = np.linspace(-0.5, camera.width - 0.5, 9)
    rows = np.linspace(-0.5, camera.height - 0.5, 9)
    border = np.concatenate(
        [np.column_stack([columns, np.full_like(columns, y)]) for y in (rows[0], rows[-1])]
        + [np.column_stack([np.full_like(rows, x), rows]) for x in (columns[0], columns[-1])]
    )
    bent = np.linalg.solve(camera.K[:2, :2], (border - camera.K[:2, 2]).T)
    outer = min(lens.outer_radius, _WIDEST)
    if lens.valid_distorted_radius <= _VISIBLE_MARGIN * float(np.hypot(bent[0], bent[1]).max()):
        return outer
    rays = camera.unproject(border)
    radius = np.hypot(rays[:, 0], rays[:, 1])
    ends_at_pole = np.isinf(lens.valid_distorted_radius) and np.isfinite(lens.outer_radius)
    if np.isnan(radius).any() and not ends_at_pole:
        return outer
    widest = float(np.nanmax(radius, initial=0.0))
    # Pixels are infinite at a pole.
    return min(0.5 * (widest + outer) if ends_at_pole else outer, _VISIBLE_MARGIN * widest)


def _border_px(camera: Camera, limit: float) -> float:
    if limit >= _WIDEST:
        # Pieces that reach behind the camera are dropped, and the rim is that much nearer.
        return _REAR_BORDER_PX
    if limit >= camera.distortion.valid_radius:
        return VALID_BORDER_PX
    rings = camera.distortion.distort(np.array([[limit / _VISIBLE_MARGIN, 0.0], [limit, 0.0]])) @ camera.K[:2, :2].T
    return max(VALID_BORDER_PX, 0.5 * float(np.linalg.norm(rings[1] - rings[0])))


def _curvature_table(camera: Camera, limit: float) -> tuple[FloatArray, FloatArray]:
    """Sample |D^2 f (u, u)| of the pixel position over rings and directions u."""
    radii = np.linspace(0.0, min(limit, _WIDEST_SAMPLE), _RADII)
    angles = np.arange(_ANGLES) * (2.0 * np.pi / _ANGLES)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    points = (radii[:, None, None] * ring).reshape(-1, 2)
    step = 1e-4 * max(float(radii[-1]), 1e-3)
    largest = np.zeros(len(points))
    for angle in np.arange(_DIRECTIONS) * (np.pi / _DIRECTIONS):
        u = np.array([np.cos(angle), np.sin(angle)])
        rise = camera.distortion.jacobian(points + step * u) - camera.distortion.jacobian(points - step * u)
        second = (rise @ u) / (2.0 * step) @ camera.K[:2, :2].T
        largest = np.maximum(largest, np.linalg.norm(second, axis=1))
    table = np.maximum.accumulate(largest.reshape(_RADII, _ANGLES).max(axis=1))
    return radii, _CURVATURE_MARGIN * table
