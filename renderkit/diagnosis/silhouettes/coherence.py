"""The silhouettes of one frame together: where the subject is, and the slack of every contour point."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.diagnosis.silhouettes.prepare import UNKNOWN, Silhouette
from renderkit.diagnosis.silhouettes.roundness import depth_inside, touching_normals
from renderkit.geometry.camera import Camera
from renderkit.system import usable_cores

FLOOR_PX: Final = -8.0
_BALL: Final = 1.5
_BALL_STEP_PX: Final = 4
_VOTE_STEP_PX: Final = 3.0

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Slacks:
    """Slacks of contour points, all cameras of a frame in one table.

    Attributes:
        camera: (n,) index of the camera whose contour it is.
        points: (n, 2) px of that contour.
        table: (n, NUM_COLUMNS) as `kernels.march` gives them.
    """

    camera: NDArray[np.int64]
    points: FloatArray
    table: FloatArray


@dataclass(frozen=True, eq=False)
class Ball:
    """Where the subject is: middle (3,) and radius in world units, and the largest scale, px per world unit."""

    middle: FloatArray
    radius: float
    px_per_unit: float


@dataclass(frozen=True, eq=False)
class Frame:
    """The silhouettes of one frame; a camera without one is None.

    Attributes:
        silhouettes: One for each camera of the rig.
        distances: (N, h, w) float32 signed distances; `UNKNOWN` where there is nothing.
        threads: Worker threads.
    """

    silhouettes: tuple[Silhouette | None, ...]
    distances: NDArray[np.float32]
    threads: int

    @classmethod
    def of(cls, silhouettes: Sequence[Silhouette | None], threads: int = 0) -> Frame:
        """Put silhouettes, at least one, into one stack."""
        shapes = [one.distance.shape for one in silhouettes if one is not None]
        stack = np.full((len(silhouettes), *np.max(shapes, axis=0)), UNKNOWN, np.float32)
        for index, one in enumerate(silhouettes):
            if one is not None:
                stack[index, : one.distance.shape[0], : one.distance.shape[1]] = one.distance
        return cls(tuple(silhouettes), stack, threads or usable_cores())

    def with_one(self, index: int, silhouette: Silhouette) -> Frame:
        """Return the frame with another silhouette of one camera, as large as the one before."""
        silhouettes = list(self.silhouettes)
        changed = silhouette.distance is not self.one(index).distance
        silhouettes[index] = silhouette
        if not changed:
            return replace(self, silhouettes=tuple(silhouettes))
        distances = self.distances.copy()
        distances[index, : silhouette.distance.shape[0], : silhouette.distance.shape[1]] = silhouette.distance
        return replace(self, silhouettes=tuple(silhouettes), distances=distances)

    @property
    def present(self) -> list[int]:
        """Indices of the cameras that have a silhouette."""
        return [index for index, one in enumerate(self.silhouettes) if one is not None]

    def camera(self, index: int) -> Camera:
        """Return a camera that has a silhouette."""
        return self.one(index).camera

    def one(self, index: int) -> Silhouette:
        """Return a camera's silhouette.

        Raises:
            KeyError: If it has none.
        """
        found = self.silhouettes[index]
        if found is None:
            raise KeyError(index)
        return found

    @cached_property
    def ball(self) -> Ball:
        """Where the subject is: nearest to all rays through the mattes' centroids, 1.5 times the usual radius."""
        normal, right = np.zeros((3, 3)), np.zeros(3)
        inside = {}
        for index in self.present:
            distance = self.one(index).distance[::_BALL_STEP_PX, ::_BALL_STEP_PX]
            rows, columns = np.nonzero((distance > 0.0) & (distance < 0.9 * UNKNOWN))
            if len(rows):
                inside[index] = _BALL_STEP_PX * np.stack([columns, rows], axis=1).astype(np.float64)
        for index, pixels in inside.items():
            camera = self.camera(index)
            direction = camera.cam_from_world.R.T @ np.linalg.inv(camera.K) @ np.append(pixels.mean(axis=0), 1.0)
            direction /= np.linalg.norm(direction)
            across = np.eye(3) - np.outer(direction, direction)
            normal += across
            right += across @ camera.center_world
        middle: FloatArray = np.asarray(np.linalg.solve(normal, right), np.float64)
        radii, scales = [], []
        for index, pixels in inside.items():
            camera = self.camera(index)
            place = camera.K @ camera.cam_from_world.apply(middle[None])[0]
            focal = camera.K[0, 0]
            offset = pixels - place[:2] / place[2]
            radii.append(float(np.sqrt((offset**2).sum(axis=1).max())) * place[2] / focal)
            scales.append(focal / place[2])
        return Ball(middle, _BALL * float(np.median(radii)), float(np.max(scales)))

    def depths(self, index: int, step_px: float) -> tuple[float, float, float]:
        """Return first and last depth of the subject along a camera's rays, and a step of so many px."""
        depth = float(self.camera(index).cam_from_world.apply(self.ball.middle[None])[0, 2])
        near = 1e-3 * self.ball.radius
        return max(depth - self.ball.radius, near), depth + self.ball.radius, step_px / self.ball.px_per_unit

    def relations(self, index: int, shifts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return e (N, 3) and M (N, 3, 3) of a camera against all; see `kernels`.

        Args:
            index: The camera.
            shifts: (N, 2) by how many px each camera's picture lies beside its calibration.
        """
        count = len(self.silhouettes)
        e, M = np.zeros((count, 3)), np.zeros((count, 3, 3))
        own = self.camera(index)
        center = own.center_world
        back = own.cam_from_world.R.T @ np.linalg.inv(_shifted(own.K, shifts[index]))
        for other in self.present:
            camera = self.camera(other)
            K = _shifted(camera.K, shifts[other])
            e[other] = K @ camera.cam_from_world.apply(center[None])[0]
            M[other] = K @ camera.cam_from_world.R @ back
        return e, M

    def slacks(self, shifts: FloatArray, without: Collection[int] = (), only: Iterable[int] | None = None,
               floor_px: float = FLOOR_PX) -> Slacks:  # fmt: skip
        """March along the rays of all contour points.

        Args:
            shifts: (N, 2) px that are corrected for.
            without: Cameras that take no part.
            only: Cameras whose contours are looked at; all that take part by default.
            floor_px: Slacks are not followed below this.
        """
        from renderkit.diagnosis.silhouettes import kernels  # noqa: PLC0415 - loads the compiler

        members = [index for index in self.present if index not in without]
        chosen = members if only is None else list(only)

        def marched(index: int) -> FloatArray:
            points = np.ascontiguousarray(self.one(index).points)
            ids = np.array([other for other in self.present if other not in without and other != index], np.int64)
            out = np.zeros((len(points), kernels.NUM_COLUMNS))
            if len(ids) and len(points):
                e, M = self.relations(index, shifts)
                limits = np.array([*self.depths(index, kernels.MIN_STEP_PX), floor_px])
                ray, work = np.empty_like(e), np.zeros(4)
                kernels.march(self.distances, points, e, M, ids, limits, ray, work, out)
                out[:, kernels.ROUND] = self._of_a_ball(index, out)
            return out

        tables = self._mapped(marched, chosen)
        camera = np.repeat(np.array(chosen, np.int64), [len(table) for table in tables])
        points = np.concatenate([self.one(index).points for index in chosen])
        return Slacks(camera, points, np.concatenate(tables))

    def _of_a_ball(self, index: int, table: FloatArray) -> FloatArray:
        """Return (n,) px of slack that one camera's contour points would have on a ball as large as the subject."""
        from renderkit.diagnosis.silhouettes import kernels as k  # noqa: PLC0415 - loads the compiler

        origin, rays = self.camera(index).unproject_world(self.one(index).points)
        places, normals = origin + rays * table[:, k.Z, None], touching_normals(self.one(index))
        slack = np.zeros(len(table))
        for holding, slope in ((k.FIRST, k.FIRST_U), (k.SECOND, k.SECOND_U)):
            share = np.hypot(table[:, slope], table[:, slope + 1])
            for other in np.unique(table[table[:, holding] >= 0, holding]).astype(int):
                held = table[:, holding] == other
                depths = depth_inside(self.camera(other), places[held], normals[held], self.ball.radius / _BALL)
                slack[held] += share[held] * depths
        return slack

    def votes(self, index: int, points: FloatArray, shifts: FloatArray, without: Collection[int], full_px: float) -> (
            FloatArray):  # fmt: skip
        """Return (n, N): how much each camera refutes points of one contour, 0 to 1; NaN where it does not see them."""
        from renderkit.diagnosis.silhouettes import kernels  # noqa: PLC0415 - loads the compiler

        ids = np.array([other for other in self.present if other not in without and other != index], np.int64)
        shares = np.full((len(points), len(self.silhouettes)), -1.0)
        if len(ids) and len(points):
            e, M = self.relations(index, shifts)
            limits = np.array([*self.depths(index, _VOTE_STEP_PX), full_px])
            kernels.vote(self.distances, np.ascontiguousarray(points), e, M, ids, limits, np.empty_like(e), shares)
        return np.where(shares < 0.0, np.nan, shares)

    def conflicts(self, points: int, full_px: float, without: Collection[int] = ()) -> FloatArray:
        """Return (N, N): the mean share with which each column's matte refutes the row's contour; NaN if unknown."""
        members = [index for index in self.present if index not in without]
        still = np.zeros((len(self.silhouettes), 2))

        def voted(index: int) -> FloatArray:
            every = self.one(index).points
            shares = self.votes(index, every[:: max(1, len(every) // points)], still, without, full_px)
            known = np.isfinite(shares)
            counts = known.sum(axis=0)
            sums = np.where(known, shares, 0.0).sum(axis=0)
            return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

        matrix = np.full((len(self.silhouettes), len(self.silhouettes)), np.nan)
        for index, row in zip(members, self._mapped(voted, members), strict=True):
            matrix[index] = row
        return matrix

    def _mapped(self, function: Callable[[Any], Result], items: Sequence[Any]) -> list[Result]:
        if self.threads == 1:
            return list(map(function, items))
        with ThreadPoolExecutor(self.threads, thread_name_prefix="renderkit-silhouette") as pool:
            return list(pool.map(function, items))


def _shifted(K: FloatArray, shift: FloatArray) -> FloatArray:
    moved = K.copy()
    moved[:2, 2] += shift
    return moved
