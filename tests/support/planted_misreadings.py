"""The misreadings that can be planted in a rig of `planted_rigs`, each written as the mistake is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from planted_rigs import Planted, Shot, draw_matte, filled_hull, make_rig, project, take_picture

Fault = Callable[[Planted, np.random.Generator], None]


def _every(change: Callable[..., None]) -> Fault:
    def plant(rig: Planted, rng: np.random.Generator) -> None:
        for shot in rig.shots:
            change(shot, rig, rng)

    return plant


def _pose(change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Fault:
    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        shot.R, shot.t = change(shot.R, shot.t)

    return _every(one)


def _inverted(R: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    full = np.eye(4)
    full[:3] = np.column_stack([R, t])
    back = np.linalg.inv(full)
    return back[:3, :3], back[:3, 3]


def _lefthanded(axis: int) -> Fault:
    world, camera = np.eye(3), np.diag([1.0, -1.0, 1.0])
    world[axis, axis] = -1.0
    return _pose(lambda R, t: (camera @ R @ world, camera @ t))


def _world(vector: tuple[float, float, float]) -> Fault:
    def plant(rig: Planted, rng: np.random.Generator) -> None:
        turn = cv2.Rodrigues(np.array(vector))[0]
        rig.points, rig.vertices = rig.points @ turn, rig.vertices @ turn

    return plant


def _k(change: Callable[[np.ndarray], None]) -> Fault:
    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        shot.K = shot.K.copy()
        change(shot.K)

    return _every(one)


def _k_scale(factor: float) -> Fault:
    def change(K: np.ndarray) -> None:
        K[:2, 2] += 0.5
        K[:2] *= factor
        K[:2, 2] -= 0.5

    return _k(change)


def _focal(factor: float) -> Fault:
    def change(K: np.ndarray) -> None:
        K[:2, :2] *= factor

    return _k(change)


def _swap_center(K: np.ndarray) -> None:
    K[:2, 2] = K[[1, 0], 2].copy()


def _swap_focal(K: np.ndarray) -> None:
    K[0, 0], K[1, 1] = K[1, 1], K[0, 0]


def _half(K: np.ndarray) -> None:
    K[:2, 2] += 0.5


def _unhalf(K: np.ndarray) -> None:
    K[:2, 2] -= 0.5


def _resize(x: float | None, y: float | None) -> Fault:
    """Pictures resized, K not."""

    def plant(rig: Planted, rng: np.random.Generator) -> None:
        fx = x or float(rng.uniform(0.3, 0.9))
        fy = y or fx * float(rng.uniform(0.6, 0.9))
        if x is not None and y is None:
            fy = fx
        for shot in rig.shots:
            shot.landmarks = (shot.landmarks + 0.5) * (fx, fy) - 0.5
            shot.size = (round(shot.size[0] * fx), round(shot.size[1] * fy))

    return plant


def _resize_uniform(rig: Planted, rng: np.random.Generator) -> None:
    _resize(float(rng.uniform(0.55, 0.9)), None)(rig, rng)


def _crop(rig: Planted, rng: np.random.Generator) -> None:
    width, height = rig.shots[0].size
    x0, y0 = int(rng.integers(25, 40)), int(rng.integers(25, 40))
    x1, y1 = int(rng.integers(5, 20)), int(rng.integers(5, 20))
    for shot in rig.shots:
        shot.landmarks = shot.landmarks - (x0, y0)
        if shot.matte is not None:
            full = cv2.resize(shot.matte.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
            shot.matte = full[y0 : height - y1, x0 : width - x1].astype(bool)
        shot.size = (width - x0 - x1, height - y0 - y1)


def _coefficients(order: tuple[int, ...], signs: tuple[float, ...] = (1, 1, 1, 1, 1)) -> Fault:
    """The file holds the coefficients in `order` (indices into k1 k2 p1 p2 k3)."""

    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        shot.D = shot.D[list(order)] * np.array(signs)

    return _every(one)


def _retake(change: Callable[[Shot], np.ndarray]) -> Fault:
    """Take the pictures again with other coefficients than the file's."""

    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        taken = replace(shot, D=change(shot))
        fresh = take_picture(taken, rig.points, rig.vertices, rig.noise_px, rng, shot.matte is not None)
        shot.landmarks, shot.matte = fresh.landmarks, fresh.matte

    return _every(one)


def _missing(rig: Planted, rng: np.random.Generator) -> None:
    _retake(lambda _: np.array([-0.24, 0.08, 0, 0, 0]))(rig, rng)
    for shot in rig.shots:
        shot.D = np.zeros(5)


def _bent(bend: Callable[[Shot, np.ndarray], np.ndarray]) -> Fault:
    """Pictures through another lens: `bend` gives the pixels of world points."""

    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        shot.landmarks = bend(shot, rig.points) + rng.normal(size=(len(rig.points), 2)) * rig.noise_px
        if shot.matte is not None:
            rows, columns = shot.matte.shape
            scale = (columns / shot.size[0], rows / shot.size[1])
            shot.matte = filled_hull((bend(shot, rig.vertices) + 0.5) * scale - 0.5, (rows, columns))

    return _every(one)


def _twice(shot: Shot, points: np.ndarray) -> np.ndarray:
    once = project(replace(shot, K=np.eye(3)), points)
    return project(replace(shot, R=np.eye(3), t=np.zeros(3)), np.column_stack([once, np.ones(len(once))]))


def _fisheye(rig: Planted, rng: np.random.Generator) -> None:
    """Pictures through a fisheye lens, its coefficients read as Brown-Conrady's."""
    for shot in rig.shots:
        shot.D = np.array([-0.08, 0.05, -0.02, 0.004])
    _bent(_through_fisheye)(rig, rng)


def _through_fisheye(shot: Shot, points: np.ndarray) -> np.ndarray:
    rotation = cv2.Rodrigues(shot.R)[0]
    return np.asarray(cv2.fisheye.projectPoints(points[:, None], rotation, shot.t, shot.K, shot.D)[0][:, 0])


def _marks(change: Callable[[np.ndarray, tuple[int, int]], np.ndarray]) -> Fault:
    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        shot.landmarks = change(shot.landmarks.copy(), shot.size)

    return _every(one)


def _mirrored(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.column_stack([size[0] - 1 - points[:, 0], points[:, 1]])


def _y_up(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.column_stack([points[:, 0], size[1] - 1 - points[:, 1]])


def _matte(change: Callable[[np.ndarray], np.ndarray]) -> Fault:
    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        if shot.matte is not None:
            shot.matte = change(shot.matte)

    return _every(one)


def _undistorted_mattes(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
    if shot.matte is not None:
        shot.matte = draw_matte(replace(shot, D=np.zeros(5)), rig.vertices)


def _others(*parts: str) -> Fault:
    def plant(rig: Planted, rng: np.random.Generator) -> None:
        step = int(rng.integers(1, len(rig.shots)))
        values = {part: [getattr(shot, part) for shot in rig.shots] for part in parts}
        for index, shot in enumerate(rig.shots):
            for part in parts:
                setattr(shot, part, values[part][(index + step) % len(rig.shots)])

    return plant


def _turn(quarters: int) -> Fault:
    """Pictures turned clockwise by quarters; the calibration is of the pictures before."""

    def one(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
        width, height = shot.size
        for _ in range(quarters):
            u, v = shot.landmarks.T
            shot.landmarks = np.column_stack([height - 1 - v, u])
            width, height = height, width
            if shot.matte is not None:
                shot.matte = cv2.rotate(shot.matte.astype(np.uint8), cv2.ROTATE_90_CLOCKWISE).astype(bool)

    return _every(one)


def _mirror_pictures(shot: Shot, rig: Planted, rng: np.random.Generator) -> None:
    shot.landmarks = _mirrored(shot.landmarks, shot.size)
    if shot.matte is not None:
        shot.matte = shot.matte[:, ::-1]


def _units(factor: float) -> Fault:
    return _pose(lambda R, t: (R, t * factor))


_GL = np.diag([1.0, -1.0, -1.0])
_QUARTER = np.pi / 2

FAULTS: dict[str, Fault] = {
    "extrinsics inverted": _pose(_inverted),
    "R transposed": _pose(lambda R, t: (R.T, t)),
    "t is the camera centre": _pose(lambda R, t: (R, -R.T @ t)),
    "t negated": _pose(lambda R, t: (R, -t)),
    "OpenGL camera axes": _pose(lambda R, t: (_GL @ R, _GL @ t)),
    **{f"left-handed world, {name} mirrored": _lefthanded(axis) for axis, name in enumerate("xyz")},
    **{f"translations times {f:g}": _units(1 / f) for f in (1000.0, 0.001, 100.0, 0.01, 10.0, 0.1)},
    "world turned by +90 deg about x": _world((_QUARTER, 0, 0)),
    "world turned by -90 deg about x": _world((-_QUARTER, 0, 0)),
    "world turned by 180 deg about x": _world((np.pi, 0, 0)),
    "world turned by 180 deg about y": _world((0, np.pi, 0)),
    "world turned by 180 deg about z": _world((0, 0, np.pi)),
    "cx and cy swapped": _k(_swap_center),
    "half pixel": _k(_half),
    "half pixel, subtracted twice": _k(_unhalf),
    "focal length times 2": _focal(0.5),
    "focal length times 0.5": _focal(2.0),
    "K times 2": _k_scale(0.5),
    "K times 0.5": _k_scale(2.0),
    "K times 4": _k_scale(0.25),
    "K times 0.25": _k_scale(4.0),
    "pictures resized": _resize_uniform,
    "pictures stretched": _resize(None, None),
    "pictures cropped": _crop,
    "landmarks normalised": _marks(lambda p, s: p / s),
    "landmarks normalised to -1..1": _marks(lambda p, s: 2 * p / s - 1),
    "landmarks times 2": _marks(lambda p, _: (p + 0.5) / 2 - 0.5),
    "landmarks times 0.5": _marks(lambda p, _: (p + 0.5) * 2 - 0.5),
    "landmarks of another size": _marks(lambda p, _: (p + 0.5) * 0.61 - 0.5),
    "landmarks y, x": _marks(lambda p, _: p[:, ::-1]),
    "landmarks mirrored": _marks(_mirrored),
    "landmarks y up": _marks(_y_up),
    "landmark ids shifted by +1": _marks(lambda p, _: np.roll(p, 1, axis=0)),
    "landmark ids shifted by -1": _marks(lambda p, _: np.roll(p, -1, axis=0)),
    "mattes inverted": _matte(lambda m: ~m),
    "pictures of other cameras": _others("landmarks", "matte"),
    "landmarks of other cameras": _others("landmarks"),
    "mattes of other cameras": _others("matte"),
    "pictures turned by 90 deg": _turn(1),
    "pictures turned by 180 deg": _turn(2),
    "pictures turned by 270 deg": _turn(3),
    "pictures mirrored": _every(_mirror_pictures),
}

WIDE_FAULTS: dict[str, Fault] = {
    "pictures are undistorted": _retake(lambda _: np.zeros(5)),
    "lens applied twice": _bent(_twice),
    "lens missing": _missing,
    "sign of the distortion": _coefficients((0, 1, 2, 3, 4), (-1, -1, -1, -1, -1)),
    "sign of the radial distortion": _coefficients((0, 1, 2, 3, 4), (-1, -1, 1, 1, -1)),
    "sign of the tangential distortion": _coefficients((0, 1, 2, 3, 4), (1, 1, -1, -1, 1)),
    "distortion order k1 k2 k3 p1 p2": _coefficients((0, 1, 4, 2, 3)),
    "distortion order k1 k2 p2 p1 k3": _coefficients((0, 1, 3, 2, 4)),
    "distortion order p1 p2 k1 k2 k3": _coefficients((2, 3, 0, 1, 4)),
    "fisheye coefficients": _fisheye,
    "mattes of undistorted pictures": _every(_undistorted_mattes),
}
"""Faults that show only through a wide lens that fills the picture."""


def planted(rng: np.random.Generator, *names: str, **rig: Any) -> Planted:
    """A rig with the named misreadings, in the order in which they come about.

    Those that take the pictures again come first, then the others in the order given; numbers are normalised last.
    """
    result = make_rig(rng, wide=any(name in WIDE_FAULTS for name in names), **rig)
    for name in sorted(names, key=lambda one: (one not in WIDE_FAULTS, one.startswith("landmarks normalised"))):
        {**FAULTS, **WIDE_FAULTS}[name](result, rng)
    return result
