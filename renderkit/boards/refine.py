"""Least squares over all poses of a board and its size: Gauss-Newton, Huber's loss, the size by Schur complement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray, Points3
from renderkit.geometry.camera import Camera
from renderkit.geometry.derivatives import pixels_by_seen_point
from renderkit.geometry.pose import Pose

HUBER: Final = 1.345
"""Residuals beyond this many standard deviations count linearly (95 % efficient for normal noise)."""

MIN_NOISE_PX: Final = 0.02
_ROUNDS: Final = 30
_SETTLE: Final = 3
_DONE: Final = 1e-13
_FEW: Final = 0.1
_LOST_PX: Final = 1000.0
_NUM: Final = 7
"""Turn, step, and the board's size."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What is fitted.

    Attributes:
        cameras: (V) the camera of each view.
        frames: (V) the index of each view's frame.
        pixels: (V, L, 2) px; NaN where a point was not found.
        points: (L, 3) the board's points, metres.
    """

    cameras: tuple[Camera, ...]
    frames: tuple[int, ...]
    pixels: FloatArray
    points: Points3


@dataclass(frozen=True, eq=False)
class Fit:
    """The estimate.

    Attributes:
        poses: By frame: from the board's frame, in world units, to the world.
        scale: World units in a metre of the board as it is stated.
        scale_error: Relative standard error of `scale`: the larger of that of the noise and of a jackknife over
            cameras; infinite where nothing tells it.
        huber_px: Where Huber's loss turns linear, px.
        noise_px: Standard deviation of a residual's component, from their median.
    """

    poses: tuple[Pose, ...]
    scale: float
    scale_error: float
    huber_px: float
    noise_px: float


@dataclass(frozen=True, eq=False)
class _Normal:
    """The normal equations of each view: (V, 7, 7) and (V, 7), the cost, and the residuals."""

    matrix: FloatArray
    right: FloatArray
    cost: float
    residuals: FloatArray


@dataclass(frozen=True)
class _Loss:
    """Huber's loss of a residual's component.

    Attributes:
        huber: Where it turns linear, px.
        is_near: Whether the minimum is near: Newton's weights, quadratic convergence. Those of iterated least squares
            are safe from afar.
    """

    huber: float
    is_near: bool = False

    def weights(self, size: FloatArray) -> FloatArray:
        """Return the weights of residuals in the normal matrix."""
        pull = self.pull(size)
        # A little of the others' keeps the matrix of a frame of outliers regular.
        return np.where(size <= self.huber, 1.0, _FEW * pull) if self.is_near else pull

    def pull(self, size: FloatArray) -> FloatArray:
        """Return the share of a residual that counts in the gradient."""
        if not np.isfinite(self.huber):
            return np.ones_like(size)
        pull: FloatArray = np.where(size <= self.huber, 1.0, self.huber / np.maximum(size, 1e-300))
        return pull

    def total(self, size: FloatArray) -> float:
        """Return the sum of the losses of absolute residuals."""
        if not np.isfinite(self.huber):
            return float((size**2).sum())
        return float(np.where(size <= self.huber, size**2, 2.0 * self.huber * size - self.huber**2).sum())


def refine(scene: Scene, poses: Sequence[Pose], scale: float, used: Sequence[bool]) -> Fit:
    """Minimise Huber's loss of all residuals of the views that are used.

    Args:
        scene: What was seen.
        poses: (F) where the board is about, world units.
        scale: World units in a metre.
        used: (V) which views take part.
    """
    active = np.flatnonzero(used)
    current, size = tuple(poses), scale
    huber = noise = np.inf
    damping, normal = 1e-6, _normal(scene, current, size, active, _Loss(huber))
    for turn in range(_ROUNDS):
        if turn <= _SETTLE:
            noise = noise_of(normal.residuals)
            huber = HUBER * noise
            normal = _normal(scene, current, size, active, _Loss(huber))
        steps, growth = _solved(scene, normal, active, len(current), damping)
        moved = tuple(_moved(pose, step) for pose, step in zip(current, steps, strict=True))
        larger = size * float(np.exp(growth))
        after = _normal(scene, moved, larger, active, _Loss(huber, is_near=turn >= _SETTLE))
        if after.cost > normal.cost * (1.0 + 1e-12):
            damping *= 10.0
            if damping > 1e3:
                break
            continue
        gain = normal.cost - after.cost
        current, size, normal, damping = moved, larger, after, max(damping * 0.1, 1e-12)
        if turn > _SETTLE and gain <= _DONE * max(normal.cost, 1e-12):
            break
    error = _scale_error(scene, normal, active, len(current), noise)
    return Fit(current, size, error, float(huber), float(noise))


def noise_of(residuals: FloatArray) -> float:
    """Return the standard deviation of residuals' components, from their median; NaN is left out."""
    known = np.abs(residuals[np.isfinite(residuals)])
    return max(1.4826 * float(np.median(known)), MIN_NOISE_PX) if len(known) else MIN_NOISE_PX


def _normal(scene: Scene, poses: Sequence[Pose], scale: float, active: NDArray[np.intp], loss: _Loss) -> _Normal:
    matrix, right = np.zeros((len(scene.cameras), _NUM, _NUM)), np.zeros((len(scene.cameras), _NUM))
    residuals = np.full(scene.pixels.shape, np.nan)
    cost = 0.0
    # All views of a camera at once: few calls on long arrays.
    for views in _by_camera(scene.cameras, active):
        turns = np.stack([poses[scene.frames[view]].R for view in views])
        steps = np.stack([poses[scene.frames[view]].t for view in views])
        arms = np.einsum("vij,lj->vli", turns, scene.points * scale)
        residuals[views], design = _linearised(scene.cameras[views[0]], scene.pixels[views], arms, steps)
        target = np.nan_to_num(residuals[views]).reshape(len(views), -1)
        size = np.abs(target)
        across = design.transpose(0, 2, 1)
        matrix[views] = (across * loss.weights(size)[:, None]) @ design
        right[views] = (across @ (target * loss.pull(size))[..., None])[..., 0]
        # A pose from which a camera does not see the board must not be cheap.
        lost = np.isfinite(scene.pixels[views]).all(axis=2) & ~np.isfinite(residuals[views]).all(axis=2)
        cost += loss.total(size) + int(lost.sum()) * loss.total(np.array(_LOST_PX))
    return _Normal(matrix, right, cost, residuals)


def _by_camera(cameras: Sequence[Camera], active: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    groups: dict[int, list[int]] = {}
    for view in active:
        groups.setdefault(id(cameras[view]), []).append(int(view))
    return [np.array(views, np.intp) for views in groups.values()]


def _linearised(
    camera: Camera, pixels: FloatArray, arms: FloatArray, steps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (V, L, 2) detected minus projected px, both NaN where a point is not known, and (V, 2 L, 7) derivatives.

    A turn w about the board's origin moves a point by w x arm, a growth g by g times the arm.
    """
    seen = camera.cam_from_world.apply((arms + steps[:, None]).reshape(-1, 3))
    errors = pixels - camera.project_cam(seen).reshape(pixels.shape)
    known = np.isfinite(errors).all(axis=2)
    errors[~known] = np.nan
    design = np.zeros((*pixels.shape, _NUM))
    by_world = pixels_by_seen_point(camera, seen[known.ravel()]) @ camera.cam_from_world.R
    reach = arms[known]
    turned = np.cross(reach[:, None, :], by_world)
    grown = (by_world * reach[:, None, :]).sum(axis=2, keepdims=True)
    design[known] = np.concatenate([turned, by_world, grown], axis=2)
    return errors, design.reshape(len(pixels), -1, _NUM)


def _solved(
    scene: Scene, normal: _Normal, active: NDArray[np.intp], num_frames: int, damping: float
) -> tuple[FloatArray, float]:
    """Return the (F, 6) steps of the poses and the growth of the board."""
    matrix, right = _by_frame(scene, normal, active, num_frames)
    diagonal = np.einsum("fii->fi", matrix)
    matrix = matrix + np.einsum("fi,ij->fij", damping * diagonal + 1e-12, np.eye(_NUM))
    inverse = np.linalg.pinv(matrix[:, :6, :6], hermitian=True)
    cross = matrix[:, :6, 6]
    carried = np.einsum("fij,fj->fi", inverse, cross)
    left = float(matrix[:, 6, 6].sum() - (carried * cross).sum())
    growth = float(right[:, 6].sum() - (carried * right[:, :6]).sum()) / left if left > 0.0 else 0.0
    growth = float(np.clip(growth, -0.1, 0.1))
    return np.einsum("fij,fj->fi", inverse, right[:, :6] - cross * growth), growth


def _by_frame(
    scene: Scene, normal: _Normal, active: NDArray[np.intp], num_frames: int
) -> tuple[FloatArray, FloatArray]:
    matrix, right = np.zeros((num_frames, _NUM, _NUM)), np.zeros((num_frames, _NUM))
    frames = np.array(scene.frames)[active]
    np.add.at(matrix, frames, normal.matrix[active])
    np.add.at(right, frames, normal.right[active])
    return matrix, right


def _moved(pose: Pose, step: FloatArray) -> Pose:
    turn = Pose.from_rotation_vector(step[:3], np.zeros(3))
    return Pose(turn.R @ pose.R, pose.t + step[3:6])


def _scale_error(scene: Scene, normal: _Normal, active: NDArray[np.intp], num_frames: int, noise: float) -> float:
    """Return the relative standard error of the board's size."""
    information = _growth_information(*_by_frame(scene, normal, active, num_frames))[0]
    if not information > 0.0:
        return np.inf
    names = [scene.cameras[view].name for view in active]
    changes = []
    for name in dict.fromkeys(names):
        kept = active[np.array([other != name for other in names])]
        left, growth = _growth_information(*_by_frame(scene, normal, kept, num_frames))
        changes.append(growth if left > 0.0 else np.inf)
    count = len(changes)
    if not np.isfinite(changes).all():
        return np.inf  # without one of them the others, one camera, would not tell it
    spread = float(np.sqrt((count - 1.0) / count * np.sum((np.array(changes) - np.mean(changes)) ** 2)))
    formal = noise / float(np.sqrt(information))
    return max(formal, spread)


def _growth_information(matrix: FloatArray, right: FloatArray) -> tuple[float, float]:
    """Return what is known of the board's size with all poses free, and the growth that the residuals ask for."""
    inverse = np.linalg.pinv(matrix[:, :6, :6], hermitian=True)
    carried = np.einsum("fij,fj->fi", inverse, matrix[:, :6, 6])
    left = float(matrix[:, 6, 6].sum() - (carried * matrix[:, :6, 6]).sum())
    # A single camera leaves nothing but rounding.
    if left <= 1e-9 * float(matrix[:, 6, 6].sum()):
        return 0.0, np.inf
    return left, float(right[:, 6].sum() - (carried * right[:, :6]).sum()) / left
