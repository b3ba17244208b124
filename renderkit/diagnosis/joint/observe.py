"""Puts views on the grid of `Observations`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.observations import NUM_BIAS, Observations
from renderkit.diagnosis.joint.parameters import DETECTIONS, LENS, MATTE, NUM, NUM_LOCAL, linearise, units_of
from renderkit.diagnosis.joint.shape_modes import NUM_SHAPES, shape_modes
from renderkit.diagnosis.view_evidence import OutlineEvidence, RigEvidence, ViewEvidence
from renderkit.geometry.camera import Camera
from renderkit.geometry.derivatives import cross

MIN_OFFSETS: Final = 12
"""A view whose outline has fewer samples with an edge within reach says nothing."""

MIN_PLACED: Final = 0.5
"""An outline of which no larger share has an edge within reach does not say that the camera is right."""

_MAX_DISPLACEMENTS = 400


def observe(evidence: RigEvidence) -> Observations | None:
    """Put the evidence on the grid; None where fewer than 3 cameras have landmarks or outlines.

    Cameras whose numbers are not those of a camera are left out: the lint names them.
    """
    lenses = written_cameras(evidence)
    views = [view for view in evidence.views if view.camera.name in lenses]
    length = _landmark_count(views)
    usable = [view for view in views if _has_landmarks(view, length) or _has_outline(view)]
    names = tuple(dict.fromkeys(view.camera.name for view in usable))
    frames = tuple(dict.fromkeys(view.frame for view in usable))
    if len(names) < 3:
        return None
    subject = _subject(usable)
    samples = max((len(view.outline.offsets_px) for view in usable if view.outline is not None), default=0)
    grid = _Grid(names, frames, length, samples)
    axes = np.array([lenses[name].optical_axis_world for name in names])
    forward = axes.mean(axis=0)
    forward /= max(float(np.linalg.norm(forward)), 1e-9)
    up = np.linalg.svd(axes)[2][2]
    across = np.cross(up, forward)
    for view in usable:
        camera = lenses[view.camera.name]
        at = names.index(view.camera.name), frames.index(view.frame)
        yaw = float(camera.optical_axis_world @ across)
        grid.bias[at] = (yaw, yaw**2)
        if _has_landmarks(view, length):
            grid.place_landmarks(at, view, camera, subject)
        if view.outline is not None and _has_outline(view):
            grid.place_outline(at, view.outline, camera if view.matte_is_bent else camera.undistorted(), subject)
    return grid.finished(usable, subject)


def _has_landmarks(view: ViewEvidence, length: int) -> bool:
    return view.has_landmarks and view.points_world is not None and len(view.points_world) == length


def _has_outline(view: ViewEvidence) -> bool:
    return view.outline is not None and int(np.isfinite(view.outline.offsets_px).sum()) >= MIN_OFFSETS


def written_cameras(evidence: RigEvidence) -> dict[str, Camera]:
    """Return the cameras by name as their files state them, without those whose numbers are not a camera's."""
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


def _mean_arms(views: Sequence[ViewEvidence], length: int, subject: _Subject) -> FloatArray:
    """Return (L, 3) landmarks relative to the subject's middle, the mean over views that have them; 0 without any."""
    stated = [view.points_world for view in views if view.points_world is not None and len(view.points_world) == length]
    if not stated or not length:
        return np.zeros((length, 3))
    arms = np.array(stated) - subject.center
    known = np.isfinite(arms.sum(axis=2, keepdims=True))
    total: FloatArray = np.where(known, arms, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return total


@dataclass(frozen=True, eq=False)
class _Subject:
    center: FloatArray
    extent: float


def _subject(views: Sequence[ViewEvidence]) -> _Subject:
    """Return the subject's middle and its radius."""
    outlines = [view.outline.points_world for view in views if view.outline is not None]
    points = np.concatenate([*outlines, *(view.points_world for view in views if view.points_world is not None)])
    points = points[np.isfinite(points).all(axis=1)]
    center = np.median(points, axis=0)
    return _Subject(center, float(np.median(np.linalg.norm(points - center, axis=1))))


class _Grid:
    """The arrays while they are filled, view by view."""

    def __init__(self, names: tuple[str, ...], frames: tuple[str, ...], length: int, samples: int) -> None:
        views = (len(names), len(frames))
        shape, outline = (*views, length), (*views, samples)
        self.names, self.frames = names, frames
        self.errors, self.known = np.zeros((*shape, 2)), np.zeros(shape, dtype=np.bool_)
        self.by_camera, self.by_pose = np.zeros((*shape, 2, NUM_LOCAL)), np.zeros((*shape, 2, 6))
        self.by_point, self.bias = np.zeros((*shape, 2, 3)), np.zeros((*views, NUM_BIAS))
        self.offsets, self.offset_known = np.zeros(outline), np.zeros(outline, dtype=np.bool_)
        self.offset_by_camera = np.zeros((*outline, NUM_LOCAL))
        self.arms, self.gradients = np.zeros((*outline, 3)), np.zeros((*outline, 3))
        self.curves, self.missing = np.full(outline, -1.0), np.zeros(views)
        self.mesh_motion = np.zeros((len(frames), 7))
        self.rims: list[list[FloatArray]] = [[] for _ in names]

    def place_landmarks(self, at: tuple[int, int], view: ViewEvidence, camera: Camera, subject: _Subject) -> None:
        assert view.points_world is not None and view.pixels is not None  # noqa: S101, PT018 - has_landmarks says so
        points = np.nan_to_num(view.points_world)
        found = linearise(camera, points)
        errors = view.pixels - found.pixels
        known = np.isfinite(errors.sum(axis=1) + view.points_world.sum(axis=1))
        self.known[at] = known
        self.errors[at] = np.where(known[:, None], errors, 0.0)
        self.by_camera[at][..., :NUM] = np.where(known[:, None, None], found.by_camera, 0.0)
        self.by_point[at] = np.where(known[:, None, None], found.by_point, 0.0)
        turned = cross((points - subject.center)[:, None, :], found.by_point)
        self.by_pose[at] = np.where(known[:, None, None], np.concatenate([turned, found.by_point], axis=2), 0.0)

    def place_outline(self, at: tuple[int, int], outline: OutlineEvidence, camera: Camera, subject: _Subject) -> None:
        found = linearise(camera, outline.points_world)
        count = len(outline.offsets_px)
        known = np.isfinite(outline.offsets_px) & np.isfinite(found.pixels[:, 0])
        normals = outline.normals[:, None]
        part = (*at, slice(0, count))
        self.offsets[part] = np.where(known, outline.offsets_px, 0.0)
        self.offset_known[part] = known
        self.offset_by_camera[part][:, :NUM] = (normals @ found.by_camera)[:, 0]
        self.offset_by_camera[part][:, MATTE] = 1.0
        self.gradients[part] = (normals @ found.by_point)[:, 0]
        self.arms[part] = outline.points_world - subject.center
        self.curves[part] = outline.curves
        self.missing[at] = outline.missing
        self.mesh_motion[at[1]] = outline.mesh_motion
        self.rims[at[0]].append(found.by_camera[known])

    def finished(self, views: Sequence[ViewEvidence], subject: _Subject) -> Observations:
        self.offset_by_camera *= self.offset_known[..., None]
        self.gradients *= self.offset_known[..., None]
        drawn = (self.curves >= 0.0).sum(axis=(1, 2))
        # An outline that is mostly not found says nothing about where it is.
        placed = self.offset_known.sum(axis=(1, 2)) > MIN_PLACED * drawn
        both = np.asarray(self.known.any(axis=(1, 2)) & placed)
        for axis, index in enumerate(DETECTIONS):
            # Without outlines nothing tells detections that lie aside from a camera that looks aside.
            self.by_camera[..., axis, index] = self.known & both[:, None, None]
        parts = [self._parts(index) for index in range(len(self.names))]
        seen = [_seen(one) for one in parts]
        units = np.array([_units(*one) for one in zip(parts, seen, strict=True)])
        groups, group_names = self._groups(views)
        return Observations(
            names=self.names,
            frames=self.frames,
            groups=groups,
            group_names=group_names,
            errors=self.errors,
            known=self.known,
            by_camera=self.by_camera * units[:, None, None, None, :],
            by_pose=self.by_pose,
            by_point=self.by_point,
            bias=self.bias,
            units=units,
            extent=subject.extent,
            center=subject.center,
            arms=_mean_arms(views, self.known.shape[2], subject),
            displacements=tuple(one * unit for one, unit in zip(seen, units, strict=True)),
            offsets=self.offsets,
            offset_known=self.offset_known,
            offset_by_camera=self.offset_by_camera * units[:, None, None, :],
            offset_by_mesh=self._offset_by_mesh(),
            offset_by_shape=self._offset_by_shape(),
            curves=self.curves,
            missing=self.missing,
            mesh_motion=self.mesh_motion,
        )

    def _offset_by_mesh(self) -> FloatArray:
        grown = (self.arms * self.gradients).sum(axis=3, keepdims=True)
        return np.concatenate([cross(self.arms, self.gradients), self.gradients, grown], axis=3)

    def _offset_by_shape(self) -> FloatArray:
        *outline, samples, _ = self.arms.shape
        if not samples:
            return np.zeros((*outline, samples, 0))
        modes = shape_modes(self.arms.reshape(-1, 3)).reshape(*outline, samples, NUM_SHAPES)
        modes *= np.linalg.norm(self.gradients, axis=3, keepdims=True)
        return modes

    def _groups(self, views: Sequence[ViewEvidence]) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Group cameras by the name that was given, and by which kinds of evidence they have."""
        given = {view.camera.name: view.group for view in views}
        marks, outlines = (np.asarray(known.any(axis=(1, 2))) for known in (self.known, self.offset_known))
        words = {(True, True): "landmarks and mattes", (True, False): "landmarks", (False, True): "mattes"}
        kinds = [words.get((bool(a), bool(b)), "nothing") for a, b in zip(marks, outlines, strict=True)]
        labels = [" ".join(filter(None, (given[name], kind))) for name, kind in zip(self.names, kinds, strict=True)]
        names = tuple(dict.fromkeys(labels))
        return tuple(names.index(label) for label in labels), names

    def _parts(self, index: int) -> tuple[FloatArray, FloatArray]:
        """Return the displacements of landmarks and of samples of outlines, (n, 2, P) each."""
        rims = np.zeros((sum(map(len, self.rims[index])), 2, NUM_LOCAL))
        np.concatenate([np.zeros((0, 2, NUM)), *self.rims[index]], out=rims[..., :NUM])
        return self.by_camera[index][self.known[index]], rims


def _seen(parts: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Return (n, 2, P) displacements of what a camera sees: its landmarks and its outline."""
    thinned = [part[:: max(1, len(part) // _MAX_DISPLACEMENTS)] for part in parts if len(part)]
    return np.concatenate(thinned) if thinned else np.zeros((1, 2, NUM_LOCAL))


def _units(parts: tuple[FloatArray, FloatArray], seen: FloatArray) -> FloatArray:
    """Return the (P,) amounts for 1 px over the landmarks, without any over the outline; for lenses over both.

    Over landmarks in the middle of a picture an error of the lens of 1 px is one of many at the picture's border.
    """
    marks, rims = parts
    units = units_of((marks if len(marks) else rims)[..., :NUM]) if len(marks) + len(rims) else np.ones(NUM)
    lens = list(LENS)
    units[lens] = units_of(seen[..., :NUM])[lens]
    return np.concatenate([units, np.ones(NUM_LOCAL - NUM)])
