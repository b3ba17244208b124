"""The evidence on one grid of cameras, frames and landmarks, linearised about the calibration as written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.diagnosis.joint.parameters import NUM, linearise, units_of
from renderkit.diagnosis.view_evidence import RigEvidence, ViewEvidence
from renderkit.geometry.camera import Camera

NUM_BIAS = 2
_MAX_OUTLINE_POINTS = 200


@dataclass(frozen=True, eq=False)
class Observations:
    """Landmarks of C cameras x F frames x L landmarks, and outlines of C x F.

    Attributes:
        names: The cameras' names.
        frames: The frames' ids.
        groups: (C,) the noise group of each camera, an index.
        group_names: The groups' names.
        errors: (C, F, L, 2) detected minus projected, px; 0 where `known` is False.
        known: (C, F, L).
        by_camera: (C, F, L, 2, 11) derivatives by the cameras' parameters, each in its unit of 1 px.
        by_pose: (C, F, L, 2, 6) derivatives by a turn (rad) about the subject's middle and a step (world units).
        by_point: (C, F, L, 2, 3) derivatives by the landmark, world units.
        bias: (C, F, 2) sine of the view's yaw and its square: what detectors' biases go by.
        units: (C, 11) amount of each parameter for 1 px.
        extent: Radius of the subject, world units.
        outline_errors: (C, F, 4) measured dx, dy, scale x spread, roll x spread, px; 0 where not known.
        outline_weights: (C, F, 4, 4) inverse covariance; 0 where not known.
        outline_by_camera: (C, F, 4, 11) and
        outline_by_pose: (C, F, 4, 7), with a growth of the mesh (relative) last.
    """

    names: tuple[str, ...]
    frames: tuple[str, ...]
    groups: tuple[int, ...]
    group_names: tuple[str, ...]
    errors: FloatArray
    known: BoolArray
    by_camera: FloatArray
    by_pose: FloatArray
    by_point: FloatArray
    bias: FloatArray
    units: FloatArray
    extent: float
    outline_errors: FloatArray
    outline_weights: FloatArray
    outline_by_camera: FloatArray
    outline_by_pose: FloatArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of cameras, frames and landmarks."""
        count, frames, landmarks = self.known.shape
        return count, frames, landmarks


def observe(evidence: RigEvidence) -> Observations | None:
    """Put the evidence on the grid; None where fewer than 3 cameras have landmarks or outlines.

    Cameras whose numbers are not those of a camera are left out: the lint names them.
    """
    lenses = _cameras(evidence)
    views = [view for view in evidence.views if view.camera.name in lenses]
    length = _landmark_count(views)
    usable = [
        view
        for view in views
        if (view.has_landmarks and view.points_world is not None and len(view.points_world) == length)
        or (view.outline is not None and view.vertices is not None)
    ]
    names = tuple(dict.fromkeys(view.camera.name for view in usable))
    frames = tuple(dict.fromkeys(view.frame for view in usable))
    if len(names) < 3:
        return None
    grid = _Grid(names, frames, length)
    middle, extent = _subject(usable)
    axes = np.array([lenses[name].optical_axis_world for name in names])
    forward = axes.mean(axis=0)
    forward /= max(float(np.linalg.norm(forward)), 1e-9)
    up = np.linalg.svd(axes)[2][2]
    for view in usable:
        grid.place(view, lenses[view.camera.name], middle, (forward, up))
    return grid.finished(tuple(view.group for view in usable), tuple(view.camera.name for view in usable), extent)


def _cameras(evidence: RigEvidence) -> dict[str, Camera]:
    cameras = {}
    for name, raw in evidence.cameras.items():
        try:
            cameras[name] = raw.to_camera()
        except ValueError:
            # The lint says what is wrong with it; the other cameras can still be compared.
            continue
    return cameras


def _landmark_count(views: Sequence[ViewEvidence]) -> int:
    counts = Counter(len(view.points_world) for view in views if view.has_landmarks and view.points_world is not None)
    return counts.most_common(1)[0][0] if counts else 0


def _subject(views: Sequence[ViewEvidence]) -> tuple[FloatArray, float]:
    """Return the subject's middle and its radius."""
    clouds = [cloud for view in views for cloud in (view.points_world, view.vertices) if cloud is not None]
    points = np.concatenate(clouds)
    points = points[np.isfinite(points).all(axis=1)]
    middle = np.median(points, axis=0)
    return middle, float(np.median(np.linalg.norm(points - middle, axis=1)))


class _Grid:
    """The arrays while they are filled, view by view."""

    def __init__(self, names: tuple[str, ...], frames: tuple[str, ...], length: int) -> None:
        shape = (len(names), len(frames), length)
        self.names, self.frames, self.length = names, frames, length
        self.errors, self.known = np.zeros((*shape, 2)), np.zeros(shape, dtype=np.bool_)
        self.by_camera, self.by_pose = np.zeros((*shape, 2, NUM)), np.zeros((*shape, 2, 6))
        self.by_point, self.bias = np.zeros((*shape, 2, 3)), np.zeros((*shape[:2], NUM_BIAS))
        self.outline_errors, self.outline_weights = np.zeros((*shape[:2], 4)), np.zeros((*shape[:2], 4, 4))
        self.outline_by_camera, self.outline_by_pose = np.zeros((*shape[:2], 4, NUM)), np.zeros((*shape[:2], 4, 7))

    def place(
        self, view: ViewEvidence, camera: Camera, middle: FloatArray, axes: tuple[FloatArray, FloatArray]
    ) -> None:
        at = self.names.index(view.camera.name), self.frames.index(view.frame)
        yaw = float(np.cross(axes[0], camera.optical_axis_world) @ axes[1])
        self.bias[at] = (yaw, yaw**2)
        if view.has_landmarks and view.points_world is not None and len(view.points_world) == self.length:
            self._place_landmarks(at, view, camera, middle)
        if view.outline is not None and view.vertices is not None:
            self._place_outline(at, view, camera, middle)

    def _place_landmarks(self, at: tuple[int, int], view: ViewEvidence, camera: Camera, middle: FloatArray) -> None:
        assert view.points_world is not None and view.pixels is not None  # noqa: S101, PT018 - has_landmarks says so
        points = np.nan_to_num(view.points_world)
        found = linearise(camera, points)
        errors = view.pixels - found.pixels
        known = np.isfinite(errors.sum(axis=1) + view.points_world.sum(axis=1))
        self.known[at] = known
        self.errors[at] = np.where(known[:, None], errors, 0.0)
        self.by_camera[at] = np.where(known[:, None, None], found.by_camera, 0.0)
        self.by_point[at] = np.where(known[:, None, None], found.by_point, 0.0)
        turned = np.cross((points - middle)[:, None, :], found.by_point)
        self.by_pose[at] = np.where(known[:, None, None], np.concatenate([turned, found.by_point], axis=2), 0.0)

    def _place_outline(self, at: tuple[int, int], view: ViewEvidence, camera: Camera, middle: FloatArray) -> None:
        """Reduce the mesh's displacements to dx, dy, scale and roll: that is what the alignment measured."""
        assert view.outline is not None and view.vertices is not None  # noqa: S101, PT018 - the caller looked
        points = view.vertices[:: max(1, len(view.vertices) // _MAX_OUTLINE_POINTS)]
        found = linearise(camera, points)
        good = np.isfinite(found.pixels).all(axis=1)
        if good.sum() < 8:
            return
        offset = found.pixels[good] - view.outline.center
        spread = float(np.sqrt((offset**2).sum(axis=1).mean()))
        design = np.zeros((len(offset), 2, 4))
        design[:, 0, 0] = design[:, 1, 1] = 1.0
        design[:, :, 2] = offset / spread
        design[:, :, 3] = np.column_stack([-offset[:, 1], offset[:, 0]]) / spread
        reduce = np.linalg.pinv(design.reshape(-1, 4))
        by_point = found.by_point[good]
        arms = (points[good] - middle)[:, None, :]
        pose = np.concatenate([np.cross(arms, by_point), by_point, (arms * by_point).sum(2, keepdims=True)], axis=2)
        self.outline_by_camera[at] = reduce @ found.by_camera[good].reshape(-1, NUM)
        self.outline_by_pose[at] = reduce @ pose.reshape(-1, 7)
        scale = np.array([1.0, 1.0, spread, spread])
        measured = (view.outline.parameters - (0.0, 0.0, 1.0, 0.0)) * scale
        covariance = view.outline.covariance * np.outer(scale, scale)
        known = np.isfinite(measured) & np.isfinite(np.diag(covariance))
        if known.any():
            inner = np.ix_(known, known)
            weights = np.zeros((4, 4))
            weights[inner] = np.linalg.inv(covariance[inner])
            self.outline_weights[at] = weights
            self.outline_errors[at] = np.where(known, measured, 0.0)

    def finished(self, groups: Sequence[str], cameras: Sequence[str], extent: float) -> Observations:
        of_camera = dict(zip(cameras, groups, strict=True))
        group_names = tuple(dict.fromkeys(of_camera[name] for name in self.names))
        units = np.array([self._units(index) for index in range(len(self.names))])
        return Observations(
            names=self.names,
            frames=self.frames,
            groups=tuple(group_names.index(of_camera[name]) for name in self.names),
            group_names=group_names,
            errors=self.errors,
            known=self.known,
            by_camera=self.by_camera * units[:, None, None, None, :],
            by_pose=self.by_pose,
            by_point=self.by_point,
            bias=self.bias,
            units=units,
            extent=extent,
            outline_errors=self.outline_errors,
            outline_weights=self.outline_weights,
            outline_by_camera=self.outline_by_camera * units[:, None, None, :],
            outline_by_pose=self.outline_by_pose,
        )

    def _units(self, index: int) -> FloatArray:
        known = self.known[index]
        if known.any():
            return units_of(self.by_camera[index][known])
        # Without landmarks: an effect of 1 px on any of the four numbers that the outlines measure.
        size = np.sqrt((self.outline_by_camera[index] ** 2).sum(axis=1).mean(axis=0))
        result: FloatArray = 1.0 / np.maximum(size, 1e-12)
        return result
