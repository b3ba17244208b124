"""The normal equations of the joint model, every camera's own part apart (Schur complement)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.noise import Noise
from renderkit.diagnosis.joint.observations import NUM_BIAS, Observations
from renderkit.diagnosis.joint.parameters import NUM_LOCAL

POSE, MESH, MARK = 6, 7, 3 + 2 * NUM_BIAS
_SHIFT = 2
_OWN = slice(0, NUM_LOCAL)
_VIEW = slice(NUM_LOCAL, NUM_LOCAL + _SHIFT)
_POSES = slice(_VIEW.stop, _VIEW.stop + POSE)
_MARKS = slice(_POSES.stop, _POSES.stop + MARK)
_ERROR = _MARKS.stop
_MESHES = slice(NUM_LOCAL, NUM_LOCAL + MESH)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the unknowns that all cameras share stand: poses by frame, landmarks, meshes by frame, shape."""

    num_frames: int
    num_landmarks: int
    num_shapes: int

    @property
    def poses(self) -> slice:
        """Turn and step of each frame's 3D points."""
        return slice(0, self.num_frames * POSE)

    @property
    def marks(self) -> slice:
        """Error of each landmark in space, and the detector's bias there."""
        return slice(self.poses.stop, self.poses.stop + self.num_landmarks * MARK)

    @property
    def meshes(self) -> slice:
        """Turn, step and growth of each frame's mesh."""
        return slice(self.marks.stop, self.marks.stop + self.num_frames * MESH)

    @property
    def shapes(self) -> slice:
        """Smooth displacements along the mesh's normals, common to all frames."""
        return slice(self.meshes.stop, self.meshes.stop + self.num_shapes)

    @property
    def size(self) -> int:
        """Number of shared unknowns."""
        return int(self.shapes.stop)


@dataclass(frozen=True, eq=False)
class CameraSystem:
    """One camera's part: its own numbers first, then two shifts for each frame.

    Attributes:
        local: (n, n) normal matrix.
        cross: (n, size) with the shared unknowns.
        target: (n,) right side.
    """

    local: FloatArray
    cross: FloatArray
    target: FloatArray


@dataclass(frozen=True, eq=False)
class System:
    """All of it, without priors: shared normal matrix (size, size), its right side, and the cameras' parts."""

    shared: FloatArray
    right: FloatArray
    cameras: tuple[CameraSystem, ...]


def layout_of(seen: Observations) -> Layout:
    """Return where the shared unknowns stand."""
    return Layout(seen.num_frames, seen.num_landmarks, seen.num_shapes)


def assemble(seen: Observations, noise: Noise) -> System:
    """Sum up the products of all rows."""
    layout = layout_of(seen)
    total = _Total(layout)
    systems = tuple(total.add(seen, noise, camera) for camera in range(len(seen.names)))
    return System(*total.finished(), systems)


def mark_design(seen: Observations, camera: int) -> FloatArray:
    """Return (F, L, 2, 7): derivatives by a landmark's error and by the detector's bias there."""
    design = np.zeros((seen.num_frames, seen.num_landmarks, 2, MARK))
    design[..., :3] = seen.by_point[camera]
    for term in range(NUM_BIAS):
        for axis in range(2):
            design[:, :, axis, 3 + 2 * term + axis] = seen.bias[camera, :, term, None]
    return design


class _Total:
    """The shared part while cameras are added to it."""

    def __init__(self, layout: Layout) -> None:
        frames, landmarks, shapes = layout.num_frames, layout.num_landmarks, layout.num_shapes
        self.layout = layout
        self.pose, self.pose_right = np.zeros((frames, POSE, POSE)), np.zeros((frames, POSE))
        self.mark, self.mark_right = np.zeros((landmarks, MARK, MARK)), np.zeros((landmarks, MARK))
        self.mixed = np.zeros((frames, landmarks, POSE, MARK))
        self.mesh, self.mesh_right = np.zeros((frames, MESH, MESH)), np.zeros((frames, MESH))
        self.mesh_shape = np.zeros((frames, MESH, shapes))
        self.shape, self.shape_right = np.zeros((shapes, shapes)), np.zeros(shapes)

    def add(self, seen: Observations, noise: Noise, camera: int) -> CameraSystem:
        """Add one camera and return its own part."""
        size = NUM_LOCAL + _SHIFT * self.layout.num_frames
        local, cross, target = np.zeros((size, size)), np.zeros((size, self.layout.size)), np.zeros(size)
        if seen.known[camera].any():
            self._add_landmarks(_landmark_products(seen, noise, camera), local, cross, target)
        if seen.offset_known[camera].any():
            self._add_outlines(_outline_products(seen, noise, camera), local, cross, target)
        return CameraSystem(local, cross, target)

    def _add_landmarks(self, found: FloatArray, local: FloatArray, cross: FloatArray, target: FloatArray) -> None:
        """Add (F, L, K, K) products: to the shared part, and to the camera's, which is being built."""
        by_frame, by_mark = found.sum(axis=1), found.sum(axis=0)
        self.pose += by_frame[:, _POSES, _POSES]
        self.pose_right += by_frame[:, _POSES, _ERROR]
        self.mark += by_mark[:, _MARKS, _MARKS]
        self.mark_right += by_mark[:, _MARKS, _ERROR]
        self.mixed += found[:, :, _POSES, _MARKS]
        local[_OWN, _OWN] += by_frame[:, _OWN, _OWN].sum(axis=0)
        target[_OWN] += by_frame[:, _OWN, _ERROR].sum(axis=0)
        poses, marks = self.layout.poses, self.layout.marks
        cross[_OWN, poses] = by_frame[:, _OWN, _POSES].transpose(1, 0, 2).reshape(NUM_LOCAL, -1)
        cross[_OWN, marks] = by_mark[:, _OWN, _MARKS].transpose(1, 0, 2).reshape(NUM_LOCAL, -1)
        for frame in range(self.layout.num_frames):
            at = slice(NUM_LOCAL + _SHIFT * frame, NUM_LOCAL + _SHIFT * (frame + 1))
            local[at, at] = by_frame[frame, _VIEW, _VIEW]
            local[_OWN, at] = by_frame[frame, _OWN, _VIEW]
            local[at, _OWN] = local[_OWN, at].T
            target[at] = by_frame[frame, _VIEW, _ERROR]
            cross[at, poses.start + frame * POSE : poses.start + (frame + 1) * POSE] = by_frame[frame, _VIEW, _POSES]
            cross[at, marks] = found[frame, :, _VIEW, _MARKS].transpose(1, 0, 2).reshape(_SHIFT, -1)

    def _add_outlines(self, found: FloatArray, local: FloatArray, cross: FloatArray, target: FloatArray) -> None:
        """Add (F, K, K) products, likewise."""
        shapes = slice(_MESHES.stop, _MESHES.stop + self.layout.num_shapes)
        error = shapes.stop
        total = found.sum(axis=0)
        self.mesh += found[:, _MESHES, _MESHES]
        self.mesh_right += found[:, _MESHES, error]
        self.mesh_shape += found[:, _MESHES, shapes]
        self.shape += total[shapes, shapes]
        self.shape_right += total[shapes, error]
        local[_OWN, _OWN] += total[_OWN, _OWN]
        target[_OWN] += total[_OWN, error]
        cross[_OWN, self.layout.meshes] = found[:, _OWN, _MESHES].transpose(1, 0, 2).reshape(NUM_LOCAL, -1)
        cross[_OWN, self.layout.shapes] = total[_OWN, shapes]

    def finished(self) -> tuple[FloatArray, FloatArray]:
        layout = self.layout
        normal = np.zeros((layout.size, layout.size))
        _put_blocks(normal, layout.poses.start, self.pose)
        _put_blocks(normal, layout.marks.start, self.mark)
        _put_blocks(normal, layout.meshes.start, self.mesh)
        normal[layout.shapes, layout.shapes] = self.shape
        mixed = self.mixed.transpose(0, 2, 1, 3).reshape(layout.num_frames * POSE, -1)
        normal[layout.poses, layout.marks] = mixed
        normal[layout.marks, layout.poses] = mixed.T
        mesh_shape = self.mesh_shape.reshape(layout.num_frames * MESH, -1)
        normal[layout.meshes, layout.shapes] = mesh_shape
        normal[layout.shapes, layout.meshes] = mesh_shape.T
        rights = (self.pose_right, self.mark_right, self.mesh_right, self.shape_right)
        return normal, np.concatenate([right.ravel() for right in rights])


def _landmark_products(seen: Observations, noise: Noise, camera: int) -> FloatArray:
    """Return (F, L, K, K) sums over x and y of own numbers, view shift, pose, landmark and error."""
    shift = np.broadcast_to(np.eye(2), (seen.num_frames, seen.num_landmarks, 2, 2))
    parts = [seen.by_camera[camera], shift, seen.by_pose[camera], mark_design(seen, camera)]
    errors = seen.errors[camera] + noise.steps[camera]
    rows = np.concatenate([*parts, errors[..., None]], axis=3)
    rows *= np.sqrt(noise.weights[camera])[..., None, None]
    products: FloatArray = rows.transpose(0, 1, 3, 2) @ rows
    return products


def _outline_products(seen: Observations, noise: Noise, camera: int) -> FloatArray:
    """Return (F, K, K) sums over samples of own numbers, mesh, shape and offset."""
    parts = [seen.offset_by_camera[camera], seen.offset_by_mesh[camera], seen.offset_by_shape[camera]]
    rows = np.concatenate([*parts, seen.offsets[camera][..., None]], axis=2)
    rows *= np.sqrt(noise.offset_weights[camera])[..., None]
    products: FloatArray = rows.transpose(0, 2, 1) @ rows
    return products


def _put_blocks(normal: FloatArray, start: int, blocks: FloatArray) -> None:
    """Fill diagonal blocks of a matrix that is being built."""
    for block in blocks:
        stop = start + len(block)
        normal[start:stop, start:stop] = block
        start = stop
