"""The normal equations of the joint model, every camera's own part apart (Schur complement)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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
class CameraSystems:
    """The parts of n cameras whose evidence says something about the same k shared unknowns.

    Attributes:
        cameras: (n,) which cameras.
        columns: Where the shared unknowns stand.
        local: (n, m, m) normal matrices of a camera's own numbers and, where it has landmarks, of two shifts for each
            frame.
        cross: (n, m, k) with the shared unknowns.
        target: (n, m) right sides.
    """

    cameras: NDArray[np.int64]
    columns: slice
    local: FloatArray
    cross: FloatArray
    target: FloatArray


@dataclass(frozen=True, eq=False)
class System:
    """All of it, without priors: shared normal matrix (size, size), its right side, and the cameras' parts."""

    shared: FloatArray
    right: FloatArray
    parts: tuple[CameraSystems, ...]


def layout_of(seen: Observations) -> Layout:
    """Return where the shared unknowns stand."""
    return Layout(seen.num_frames, seen.num_landmarks, seen.num_shapes, seen.num_local)


def assemble(seen: Observations, noise: Noise) -> System:
    """Sum up the products of all rows.

    Cameras without landmarks say nothing about poses and landmarks: these columns are left out of their parts.
    """
    layout = layout_of(seen)
    shared, right = np.zeros((layout.size, layout.size)), np.zeros(layout.size)
    outlines = _outline_products(seen, noise)
    _add_outlines(shared, right, layout, outlines.shared)
    parts = []
    marked = np.flatnonzero(seen.has_landmarks)
    if len(marked):
        rows = _LandmarkRows.of(seen, noise, marked)
        rows.add_to(shared, right, layout)
        parts.append(_with_outlines(rows.systems(layout), layout, outlines.own[marked]))
    bare = np.flatnonzero(~seen.has_landmarks)
    if len(bare):
        columns = slice(layout.meshes.start, layout.size)
        own, count = layout.num_local, columns.stop - columns.start
        empty = np.zeros((len(bare), own, own)), np.zeros((len(bare), own, count)), np.zeros((len(bare), own))
        parts.append(_with_outlines(CameraSystems(bare, columns, *empty), layout, outlines.own[bare]))
    return System(shared, right, tuple(parts))


def mark_design(seen: Observations, cameras: NDArray[np.int64]) -> FloatArray:
    """Return (n, F, L, 2, 7): derivatives by a landmark's error and by the detector's bias there."""
    design = np.zeros((len(cameras), seen.num_frames, seen.num_landmarks, 2, MARK))
    design[..., :3] = seen.by_point[cameras]
    for term in range(NUM_BIAS):
        for axis in range(2):
            design[..., axis, 3 + 2 * term + axis] = seen.bias[cameras, :, None, term]
    return design


@dataclass(frozen=True, eq=False)
class _LandmarkRows:
    """Rows of n cameras' landmarks, weighted: x and y of L landmarks in F frames.

    Attributes:
        cameras: (n,) which cameras.
        frames: (n, F, 2 L, K) derivatives by own numbers and pose, and the error: K = P + 6 + 1.
        marks: (n, F, L, 2, 7) derivatives by a landmark's error and the detector's bias.
        roots: (n, F, L) roots of the weights: the derivatives by the view's shift.
    """

    cameras: NDArray[np.int64]
    frames: FloatArray
    marks: FloatArray
    roots: FloatArray

    @staticmethod
    def of(seen: Observations, noise: Noise, cameras: NDArray[np.int64]) -> _LandmarkRows:
        roots = np.sqrt(noise.weights[cameras])
        errors = seen.errors[cameras] + noise.steps[cameras]
        rows = np.concatenate([seen.by_camera[cameras], seen.by_pose[cameras], errors[..., None]], axis=4)
        rows *= roots[..., None, None]
        marks = mark_design(seen, cameras) * roots[..., None, None]
        return _LandmarkRows(cameras, rows.reshape(*rows.shape[:2], -1, rows.shape[4]), marks, roots)

    @property
    def num_own(self) -> int:
        return int(self.frames.shape[3]) - POSE - 1

    def by_mark(self, rows: FloatArray, axes: tuple[int, ...]) -> FloatArray:
        """Return products of (n, F, 2 L, k) rows with the landmarks' derivatives, summed over all axes but these.

        The axes are of (n, F, L): (0, 2) gives (n, L, k, 7).
        """
        each = rows.reshape(*self.marks.shape[:4], -1)
        rest = [axis for axis in (0, 1, 3) if axis not in axes]
        order = (*axes, *rest, 4)
        shape = [each.shape[axis] for axis in axes]
        left, right = (one.transpose(order).reshape(*shape, -1, one.shape[4]) for one in (each, self.marks))
        products: FloatArray = left.swapaxes(-1, -2) @ right
        return products

    def add_to(self, shared: FloatArray, right: FloatArray, layout: Layout) -> None:
        """Add what all cameras say about poses and landmarks."""
        own, error = self.num_own, self.frames[..., -1:]
        poses = self.frames[..., own:]
        each = poses.transpose(1, 0, 2, 3).reshape(layout.num_frames, -1, POSE + 1)
        of_poses = each.swapaxes(1, 2) @ each
        shared[layout.poses, layout.poses] += _block_diagonal(of_poses[:, :POSE, :POSE])
        right[layout.poses] += of_poses[:, :POSE, POSE].ravel()
        flat = self.marks.reshape(*self.frames.shape[:3], MARK)
        shared[layout.marks, layout.marks] += _block_diagonal(self.by_mark(flat, (2,)))
        right[layout.marks] += self.by_mark(error, (2,)).ravel()
        mixed = self.by_mark(poses[..., :POSE], (1, 2)).transpose(0, 2, 1, 3).reshape(layout.num_frames * POSE, -1)
        shared[layout.poses, layout.marks] += mixed
        shared[layout.marks, layout.poses] += mixed.T

    def systems(self, layout: Layout) -> CameraSystems:
        """Return the cameras' own parts."""
        count, frames, own, views = len(self.cameras), layout.num_frames, self.num_own, _SHIFT * layout.num_frames
        products = self.frames.swapaxes(2, 3) @ self.frames
        # A view's shift moves both components of all its landmarks alike: its products are weighted sums of the rows.
        weighted = self.frames.reshape(*self.marks.shape[:4], -1) * self.roots[..., None, None]
        shifted = weighted.sum(axis=2)
        local, cross = np.zeros((count, own + views, own + views)), np.zeros((count, own + views, layout.size))
        local[:, :own, :own] = products[:, :, :own, :own].sum(axis=1)
        local[:, own:, :own] = shifted[..., :own].reshape(count, views, own)
        local[:, :own, own:] = local[:, own:, :own].swapaxes(1, 2)
        places = own + np.arange(views)
        local[:, places, places] = np.repeat((self.roots**2).sum(axis=2), _SHIFT, axis=1)
        cross[:, :own, layout.poses] = (
            products[:, :, :own, own : own + POSE].transpose(0, 2, 1, 3).reshape(count, own, -1)
        )
        of_marks = self.by_mark(self.frames[..., :own], (0, 2)).transpose(0, 2, 1, 3)
        cross[:, :own, layout.marks] = of_marks.reshape(count, own, -1)
        poses, at = np.zeros((count, frames, _SHIFT, frames, POSE)), np.arange(frames)
        poses[:, at, :, at] = shifted[..., own : own + POSE].swapaxes(0, 1)
        cross[:, own:, layout.poses] = poses.reshape(count, views, -1)
        of_marks = (self.marks * self.roots[..., None, None]).transpose(0, 1, 3, 2, 4)
        cross[:, own:, layout.marks] = of_marks.reshape(count, views, -1)
        target = np.concatenate([products[:, :, :own, -1].sum(axis=1), shifted[..., -1].reshape(count, -1)], axis=1)
        return CameraSystems(self.cameras, slice(0, layout.size), local, cross, target)


@dataclass(frozen=True, eq=False)
class _OutlineProducts:
    """Sums over the samples of outlines of products of K columns: own numbers, mesh, shape and offset.

    Attributes:
        own: (C, F, P, K) of the cameras' own numbers with all.
        shared: (F, K - P, K - P) of the others, over all cameras.
    """

    own: FloatArray
    shared: FloatArray


def _outline_products(seen: Observations, noise: Noise) -> _OutlineProducts:
    rows = seen.outline_rows * np.sqrt(noise.offset_weights)[..., None]
    shared = []
    for frame in range(seen.num_frames):
        common = rows[:, frame, :, seen.num_local :].reshape(-1, rows.shape[3] - seen.num_local)
        shared.append(common.T @ common)
    own: FloatArray = rows[..., : seen.num_local].swapaxes(2, 3) @ rows
    return _OutlineProducts(own, np.array(shared))


def _add_outlines(shared: FloatArray, right: FloatArray, layout: Layout, products: FloatArray) -> None:
    """Add (F, K, K) products of all cameras, without their own numbers, to what they share."""
    meshes, shapes, error = _outline_columns(replace(layout, num_local=0))
    shared[layout.meshes, layout.meshes] = _block_diagonal(products[:, meshes, meshes])
    right[layout.meshes] = products[:, meshes, error].ravel()
    total = products.sum(axis=0)
    shared[layout.shapes, layout.shapes] = total[shapes, shapes]
    right[layout.shapes] = total[shapes, error]
    mixed = products[:, meshes, shapes].reshape(layout.num_frames * MESH, -1)
    shared[layout.meshes, layout.shapes] = mixed
    shared[layout.shapes, layout.meshes] = mixed.T


def _outline_columns(layout: Layout) -> tuple[slice, slice, int]:
    """Return where mesh, shape and offset stand in the rows of outlines, after a camera's own numbers."""
    meshes = slice(layout.num_local, layout.num_local + MESH)
    shapes = slice(meshes.stop, meshes.stop + layout.num_shapes)
    return meshes, shapes, shapes.stop


def _with_outlines(part: CameraSystems, layout: Layout, products: FloatArray) -> CameraSystems:
    """Return cameras' parts with their outlines' (n, F, P, K) products added."""
    own, count, start = layout.num_local, len(part.cameras), part.columns.start
    meshes, shapes, error = _outline_columns(layout)
    total = products.sum(axis=1)
    local, cross, target = part.local.copy(), part.cross.copy(), part.target.copy()
    local[:, :own, :own] += total[:, :own, :own]
    target[:, :own] += total[:, :own, error]
    of_meshes = products[:, :, :own, meshes].transpose(0, 2, 1, 3).reshape(count, own, -1)
    cross[:, :own, layout.meshes.start - start : layout.meshes.stop - start] += of_meshes
    cross[:, :own, layout.shapes.start - start : layout.shapes.stop - start] += total[:, :own, shapes]
    return CameraSystems(part.cameras, part.columns, local, cross, target)


def _block_diagonal(blocks: FloatArray) -> FloatArray:
    """Return the (n k, n m) matrix with (n, k, m) blocks on its diagonal."""
    count, height, width = blocks.shape
    matrix, places = np.zeros((count, height, count, width)), np.arange(count)
    matrix[places, :, places] = blocks
    return matrix.reshape(count * height, count * width)
