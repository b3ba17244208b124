"""Where the board was in every frame: robustly over all cameras at once, the cameras as they are calibrated.

Every view proposes poses (Collins and Bartoli, "Infinitesimal plane-based pose estimation", IJCV 2014, by OpenCV). The
proposal that most cameras agree with is refined by least squares over all points of all views, with Huber's loss per
component, and one size of the board common to all frames: a rig fixes lengths by its baselines, so that a board printed
too small is found, and costs no camera anything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import Pixels, Points3
from renderkit.boards.board import MIN_POINTS, Board
from renderkit.boards.refine import Fit, Scene, refine
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose

GROSS_SHARE: Final = 0.1
"""A view whose median residual exceeds this share of the board's extent in the picture contradicts the others ..."""

GROSS_PX: Final = 8.0
"""... and this many px: it is scored, but has no part in the poses."""

_MAX_PROPOSERS: Final = 12
_CAP: Final = 1.0
_MIN_SEPARATION: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Sighting:
    """The board in one picture.

    Attributes:
        frame: The frame's id.
        camera: The calibrated camera.
        pixels: (L, 2) px of the board's points; NaN where not found.
    """

    frame: str
    camera: Camera
    pixels: Pixels


@dataclass(frozen=True, eq=False)
class BoardPoses:
    """The board in every frame.

    Attributes:
        sightings: What was given, without views of too few points, each in the order of `board.points`.
        poses: By frame: from the board's frame, in world units, to the world.
        points: (L, 3) points in the board's frame, world units: metres times `fit.scale`.
        used: By sighting, whether it took part; False where it contradicts the other cameras.
        fit: The least-squares estimate.
    """

    sightings: tuple[Sighting, ...]
    poses: dict[str, Pose]
    points: Points3
    used: tuple[bool, ...]
    fit: Fit

    def points_world(self, frame: str) -> Points3:
        """Return the (L, 3) points of the board in a frame, world units."""
        return self.poses[frame].apply(self.points)

    def residuals(self, sighting: Sighting) -> Pixels:
        """Return (L, 2) projected minus detected px; NaN where a point was not found or projects to no pixel."""
        return sighting.camera.project(self.points_world(sighting.frame)) - sighting.pixels


def estimate_poses(sightings: Sequence[Sighting], board: Board, units_per_metre: float | None) -> BoardPoses | None:
    """Estimate the board's pose in every frame in which at least two cameras saw it.

    Args:
        sightings: Pictures of the board; the cameras are taken as they are.
        board: The board.
        units_per_metre: World units in a metre, where that is known.

    Returns:
        None where no frame has two cameras.
    """
    seen = [one for one in sightings if np.isfinite(one.pixels[:, 0]).sum() >= MIN_POINTS]
    by_frame: dict[str, list[int]] = {}
    for index, one in enumerate(seen):
        by_frame.setdefault(one.frame, []).append(index)
    by_frame = {frame: found for frame, found in by_frame.items() if len({seen[i].camera.name for i in found}) > 1}
    seen_in = {frame: [seen[i] for i in found] for frame, found in by_frame.items()}
    proposed = {frame: [_propose(one, board) for one in views] for frame, views in seen_in.items()}
    scale = _scale_of(seen_in, proposed, board)
    if scale is None:
        return None
    # A board that is nearly as large as it should be starts from the size that is stated.
    if units_per_metre is not None and 0.8 < scale / units_per_metre < 1.25:
        scale = units_per_metre
    starts = {frame: _consensus(seen_in[frame], proposed[frame], board, scale) for frame in seen_in}
    ordered = {frame: _ordered(seen_in[frame], starts[frame], board, scale) for frame in seen_in}
    views = tuple(one for frame in seen_in for one in ordered[frame])
    return _refined(views, starts, board, scale)


def fits_alone(one: Sighting, board: Board) -> bool:
    """Whether one picture's points lie as the board says, wherever it is: whether the board is the one in the picture.

    The camera's own numbers matter little here: a wrong pose or a slightly wrong lens leaves a picture of a board.
    """
    camera = replace(one.camera, cam_from_world=Pose.identity())
    return any(_misfit(replace(one, camera=camera), pose, board, 1.0)[0] <= 1.0 for pose in _propose(one, board))


def without_cameras(found: BoardPoses, names: Collection[str]) -> BoardPoses:
    """Return the poses as the other cameras see them; all views are kept, those of the named cameras have no part."""
    used = tuple(good and one.camera.name not in names for one, good in zip(found.sightings, found.used, strict=True))
    return _fitted(found.sightings, found.poses, (found.points / found.fit.scale, found.fit.scale), used)


def _refined(views: tuple[Sighting, ...], starts: dict[str, Pose], board: Board, scale: float) -> BoardPoses:
    first = _fitted(views, starts, (board.points, scale), _agreeing(views, starts, board, scale))
    again = _agreeing(views, first.poses, board, first.fit.scale)
    return _fitted(views, first.poses, (board.points, first.fit.scale), again)


def _fitted(
    views: tuple[Sighting, ...], starts: dict[str, Pose], size: tuple[Points3, float], used: tuple[bool, ...]
) -> BoardPoses:
    """Refine poses; `size` is the board's points in metres, and the world units in a metre to start from."""
    frames, (points, scale) = tuple(starts), size
    scene = Scene(
        cameras=tuple(one.camera for one in views),
        frames=tuple(frames.index(one.frame) for one in views),
        pixels=np.stack([one.pixels for one in views]),
        points=points,
    )
    fit = refine(scene, tuple(starts.values()), scale, used)
    return BoardPoses(views, dict(zip(frames, fit.poses, strict=True)), points * fit.scale, used, fit)


def _agreeing(views: Sequence[Sighting], poses: dict[str, Pose], board: Board, scale: float) -> tuple[bool, ...]:
    """Say of each view whether it does not contradict the poses grossly."""
    return tuple(_misfit(one, poses[one.frame], board, scale)[0] <= 1.0 for one in views)


def _misfit(one: Sighting, pose: Pose, board: Board, scale: float) -> tuple[float, NDArray[np.intp]]:
    """Return a view's median residual in units of what is gross, and the order of the points in which it is least."""
    projected = one.camera.project(pose.apply(board.points * scale))
    known = np.isfinite(one.pixels[:, 0])
    extent = float(np.linalg.norm(np.ptp(one.pixels[known], axis=0)))
    best, order = np.inf, board.symmetries[0]
    for candidate in board.symmetries:
        # The k-th point found is point candidate[k] of the board.
        distance = np.linalg.norm(projected[candidate[known]] - one.pixels[known], axis=1)
        median = float(np.median(np.where(np.isfinite(distance), distance, np.inf)))
        if median < best:
            best, order = median, candidate
    return best / max(GROSS_PX, GROSS_SHARE * extent), order


def _propose(one: Sighting, board: Board) -> list[Pose]:
    """Return the poses of the board in one camera's frame, metres, the likelier first; both of a plane's two."""
    known = np.isfinite(one.pixels[:, 0])
    rays = one.camera.unproject(one.pixels[known])
    good = np.isfinite(rays).all(axis=1) & (rays[:, 2] > 0.0)
    if good.sum() < 4:
        return []
    flat = np.ascontiguousarray(rays[good, :2] / rays[good, 2:])
    points = np.ascontiguousarray(board.points[known][good])
    try:
        _, turns, steps, _ = cv2.solvePnPGeneric(points, flat[:, None], np.eye(3), None, flags=cv2.SOLVEPNP_IPPE)
    except cv2.error:
        return []  # points on a line have no pose
    poses = [(np.ravel(turn), np.ravel(step)) for turn, step in zip(turns, steps, strict=True)]
    finite = [(turn, step) for turn, step in poses if np.isfinite([*turn, *step]).all()]
    return [Pose.from_rotation_vector(turn, step) for turn, step in finite]


def _scale_of(views: dict[str, list[Sighting]], proposed: dict[str, list[list[Pose]]], board: Board) -> float | None:
    """Return the world units in a metre: the size at which pairs of cameras put the board's middle in one place."""
    values, weights = [], []
    for frame, seen in views.items():
        towards = [
            (one.camera.center_world, one.camera.cam_from_world.R.T @ poses[0].apply(board.middle))
            for one, poses in zip(seen, proposed[frame], strict=True)
            if poses
        ]
        for index, (center, arm) in enumerate(towards):
            for other, other_arm in towards[index + 1 :]:
                apart, across = other - center, arm - other_arm
                length = float(np.linalg.norm(across))
                if length > _MIN_SEPARATION * float(np.linalg.norm(arm)):
                    values.append(float(apart @ across) / length**2)
                    weights.append(length)
    if not values:
        return None
    order = np.argsort(values)
    total = np.cumsum(np.array(weights)[order])
    scale = values[int(order[int(np.searchsorted(total, 0.5 * total[-1]))])]
    return scale if scale > 0.0 else None


def _consensus(views: Sequence[Sighting], proposed: Sequence[list[Pose]], board: Board, scale: float) -> Pose:
    """Return the proposal that the views agree with best; a view that contradicts it costs no more than one unit."""
    most = sorted(range(len(views)), key=lambda index: -int(np.isfinite(views[index].pixels[:, 0]).sum()))
    best, least = Pose.identity(), np.inf
    for index in most[:_MAX_PROPOSERS]:
        one = views[index]
        for pose in proposed[index]:
            world = one.camera.cam_from_world.inverse() @ Pose(pose.R, pose.t * scale)
            for candidate in _turned(world, board, scale):
                cost = sum(min(_misfit(view, candidate, board, scale)[0], _CAP) for view in views)
                if cost < least:
                    best, least = candidate, cost
    return best


def _turned(pose: Pose, board: Board, scale: float) -> list[Pose]:
    """Return the pose for every order of the points in which the view may have seen the board."""
    result = [pose]
    for order in board.symmetries[1:]:
        first, second = board.points * scale, board.points[order] * scale
        # Corresponding planar sets: the turn about the board's normal that carries one into the other.
        middle = first.mean(axis=0)
        left, _, right = np.linalg.svd((first - middle).T @ (second - middle))
        turn = right.T @ np.diag([1.0, 1.0, np.linalg.det(right.T @ left.T)]) @ left.T
        result.append(pose @ Pose(turn, middle - turn @ middle))
    return result


def _ordered(views: Sequence[Sighting], pose: Pose, board: Board, scale: float) -> list[Sighting]:
    """Return the views with their points in the order that agrees with the pose."""
    result = []
    for one in views:
        order = _misfit(one, pose, board, scale)[1]
        pixels = np.full_like(one.pixels, np.nan)
        pixels[order] = one.pixels
        result.append(replace(one, pixels=pixels))
    return result
