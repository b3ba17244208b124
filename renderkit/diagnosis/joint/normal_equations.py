"""The normal equations of the joint model, every camera's own part apart (Schur complement)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.diagnosis.joint.noise import Noise
from renderkit.diagnosis.joint.observations import NUM_BIAS, Observations

POSE, MESH, MARK = 6, 7, 3 + 2 * NUM_BIAS
_SHIFT = 2


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the unknowns that all cameras share stand: poses by frame, landmarks, meshes by frame, shape."""

    num_frames: int
    num_landmarks: int
    num_shapes: int
    num_local: int

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
    return Layout(seen.num_frames, seen.num_landmarks, seen.num_shapes, seen.num_local)


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
        parts = []
        if seen.known[camera].any():
            parts.append(self._add_landmarks(_landmark_products(seen, noise, camera)))
        if seen.offset_known[camera].any():
            parts.append(self._add_outlines(_outline_products(seen, noise, camera)))
        if not parts:
            size = self.layout.num_local + _SHIFT * self.layout.num_frames
            return CameraSystem(np.zeros((size, size)), np.zeros((size, self.layout.size)), np.zeros(size))
        first, *others = parts
        for other in others:
            first = CameraSystem(first.local + other.local, first.cross + other.cross, first.target + other.target)
        return first

    def _add_landmarks(self, found: FloatArray) -> CameraSystem:
        """Add (F, L, K, K) products to the shared part, and return the camera's."""
        layout, at = self.layout, _Columns(self.layout.num_local)
        by_frame, by_mark = found.sum(axis=1), found.sum(axis=0)
        self.pose += by_frame[:, at.poses, at.poses]
        self.pose_right += by_frame[:, at.poses, at.error]
        self.mark += by_mark[:, at.marks, at.marks]
        self.mark_right += by_mark[:, at.marks, at.error]
        self.mixed += found[:, :, at.poses, at.marks]
        own, views = layout.num_local, _SHIFT * layout.num_frames
        local, cross = np.zeros((own + views, own + views)), np.zeros((own + views, layout.size))
        local[:own, :own] = by_frame[:, at.own, at.own].sum(axis=0)
        local[:own, own:] = by_frame[:, at.own, at.view].transpose(1, 0, 2).reshape(own, views)
        local[own:, :own] = local[:own, own:].T
        local[own:, own:] = _block_diagonal(by_frame[:, at.view, at.view])
        cross[:own, layout.poses] = by_frame[:, at.own, at.poses].transpose(1, 0, 2).reshape(own, -1)
        cross[:own, layout.marks] = by_mark[:, at.own, at.marks].transpose(1, 0, 2).reshape(own, -1)
        cross[own:, layout.poses] = _block_diagonal(by_frame[:, at.view, at.poses])
        cross[own:, layout.marks] = found[:, :, at.view, at.marks].transpose(0, 2, 1, 3).reshape(views, -1)
        target = np.concatenate([by_frame[:, at.own, at.error].sum(axis=0), by_frame[:, at.view, at.error].ravel()])
        return CameraSystem(local, cross, target)

    def _add_outlines(self, found: FloatArray) -> CameraSystem:
        """Add (F, K, K) products, likewise."""
        layout, own = self.layout, self.layout.num_local
        meshes = slice(own, own + MESH)
        shapes = slice(meshes.stop, meshes.stop + layout.num_shapes)
        error, total = shapes.stop, found.sum(axis=0)
        self.mesh += found[:, meshes, meshes]
        self.mesh_right += found[:, meshes, error]
        self.mesh_shape += found[:, meshes, shapes]
        self.shape += total[shapes, shapes]
        self.shape_right += total[shapes, error]
        size = own + _SHIFT * layout.num_frames
        local, cross, target = np.zeros((size, size)), np.zeros((size, layout.size)), np.zeros(size)
        local[:own, :own] = total[:own, :own]
        target[:own] = total[:own, error]
        cross[:own, layout.meshes] = found[:, :own, meshes].transpose(1, 0, 2).reshape(own, -1)
        cross[:own, layout.shapes] = total[:own, shapes]
        return CameraSystem(local, cross, target)

    def finished(self) -> tuple[FloatArray, FloatArray]:
        """Return the shared normal matrix and its right side."""
        layout = self.layout
        normal = np.zeros((layout.size, layout.size))
        normal[layout.poses, layout.poses] = _block_diagonal(self.pose)
        normal[layout.marks, layout.marks] = _block_diagonal(self.mark)
        normal[layout.meshes, layout.meshes] = _block_diagonal(self.mesh)
        normal[layout.shapes, layout.shapes] = self.shape
        mixed = self.mixed.transpose(0, 2, 1, 3).reshape(layout.num_frames * POSE, -1)
        normal[layout.poses, layout.marks] = mixed
        normal[layout.marks, layout.poses] = mixed.T
        mesh_shape = self.mesh_shape.reshape(layout.num_frames * MESH, -1)
        normal[layout.meshes, layout.shapes] = mesh_shape
        normal[layout.shapes, layout.meshes] = mesh_shape.T
        rights = (self.pose_right, self.mark_right, self.mesh_right, self.shape_right)
        return normal, np.concatenate([right.ravel() for right in rights])


@dataclass(frozen=True)
class _Columns:
    """Where the numbers of a landmark's row stand: own ones, view shift, pose, landmark, error."""

    num_local: int

    @property
    def own(self) -> slice:
        return slice(0, self.num_local)

    @property
    def view(self) -> slice:
        return slice(self.num_local, self.num_local + _SHIFT)

    @property
    def poses(self) -> slice:
        return slice(self.view.stop, self.view.stop + POSE)

    @property
    def marks(self) -> slice:
        return slice(self.poses.stop, self.poses.stop + MARK)

    @property
    def error(self) -> int:
        return int(self.marks.stop)


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


def _block_diagonal(blocks: FloatArray) -> FloatArray:
    """Return the (n k, n m) matrix with (n, k, m) blocks on its diagonal."""
    count, height, width = blocks.shape
    matrix, places = np.zeros((count, height, count, width)), np.arange(count)
    matrix[places, :, places] = blocks
    return matrix.reshape(count * height, count * width)
