"""Finds the points of a board in one picture, to a fraction of a pixel."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import AlphaImage, FloatArray, Pixels
from renderkit.boards.board import MIN_POINTS, Board
from renderkit.boards.dictionaries import dictionary
from renderkit.boards.pattern import KALIBR_BORDER

_MAX_MOVE: Final = 3.0
"""A corner that refinement moves farther than this, in px, is none."""

_WINDOWS: Final = (2, 9)
"""Half the sides of windows around corners, px, at least and at most."""

_MIN_CORNERS: Final = 10
"""Fewer corners of a large board are seen only where it is hardly seen at all, and are bad then."""

_SMALLEST: Final = 1.2
"""Where not even such a window is free of other edges the print is too small to be measured."""

_MIN_FOR_STRAYS: Final = 8
_MIN_FOR_CUBIC: Final = 16
_STRAY_PX: Final = 0.3
_STRAY: Final = 5.0
_POOR_PX: Final = 0.5
_ROUNDS: Final = 4

_MAX_CIRCLE_MISFIT: Final = 0.4
"""Circles that miss the grid by more than this share of their distance are not those of the board."""

_MAX_MISFIT: Final = 0.1
"""Tags whose corners miss the grid by more than this share of their side are not of the board."""


def detect_board(gray: AlphaImage, board: Board) -> Pixels:
    """Find the points of a board.

    Args:
        gray: (height, width) 8-bit grey.
        board: The board.

    Returns:
        (L, 2) px, in the order of `board.points`; NaN where a point was not found. Points of chessboards and circles
        may be in another of `board.symmetries`.
    """
    find = {"charuco": _charuco, "chessboard": _chessboard, "aprilgrid": _aprilgrid, "circles": _circles}[board.kind]
    found = find(gray, board)
    if board.num_markers:
        found = _without_strays(found, board)
    least = max(MIN_POINTS, min(_MIN_CORNERS, len(board.points) // 2)) if board.num_markers else MIN_POINTS
    enough = np.isfinite(found[:, 0]).sum() >= least
    return found if enough else np.full_like(found, np.nan)


def _without_strays(found: Pixels, board: Board) -> Pixels:
    """Return the points without those that no plane under a smooth lens explains: a window caught another edge."""
    known = np.isfinite(found[:, 0])
    if known.sum() < _MIN_FOR_STRAYS:
        return found
    plane, _ = cv2.findHomography(board.points[known, :2], found[known], cv2.LMEDS)
    if np.shape(plane) != (3, 3):
        return found
    flat = cv2.perspectiveTransform(board.points[None, known, :2], plane)[0]
    values = found[known] - flat
    distance = np.linalg.norm(values, axis=1)
    least = 3.0 * _STRAY_PX
    if len(flat) >= _MIN_FOR_CUBIC:
        distance, least = _beside_cubic(flat, values, distance), _STRAY_PX
    usual = float(np.median(distance))
    if usual > _POOR_PX:
        return np.full_like(found, np.nan)
    limit = max(least, _STRAY * usual)
    result = np.full_like(found, np.nan)
    result[known] = np.where((distance <= limit)[:, None], found[known], np.nan)
    return result


def _beside_cubic(flat: Pixels, values: Pixels, distance: FloatArray) -> FloatArray:
    """Return (N,) how far (N, 2) values lie from a cubic of the places, which is what a lens adds to a plane."""
    place = (flat - flat.mean(axis=0)) / max(float(np.abs(flat - flat.mean(axis=0)).max()), 1e-9)
    x, y = place.T
    design = np.column_stack([x**i * y**j for i in range(4) for j in range(4 - i)])
    for _ in range(_ROUNDS):
        root = 1.0 / np.maximum(1.0, distance / max(3.0 * float(np.median(distance)), 1e-9))[:, None]
        left = values - design @ np.linalg.lstsq(design * root, values * root, rcond=None)[0]
        distance = np.linalg.norm(left, axis=1)
    return distance


def _charuco(gray: AlphaImage, board: Board) -> Pixels:
    for legacy in (False, True):
        corners, ids, _, markers = _charuco_detector(board, legacy).detectBoard(gray)
        if corners is not None and len(corners) >= MIN_POINTS:
            result = np.full((len(board.points), 2), np.nan)
            result[np.ravel(ids)] = np.reshape(corners, (-1, 2))
            return _refined(gray, result, board)
        if markers is None or len(markers) < MIN_POINTS // 2 or board.rows % 2:
            break  # the older layout differs where the number of rows is even
    return np.full((len(board.points), 2), np.nan)


def _chessboard(gray: AlphaImage, board: Board) -> Pixels:
    flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY | cv2.CALIB_CB_EXHAUSTIVE
    found, corners = cv2.findChessboardCornersSB(gray, board.grid, flags=flags)
    if not found:
        return np.full((len(board.points), 2), np.nan)
    return np.asarray(corners, dtype=np.float64).reshape(-1, 2)


def _circles(gray: AlphaImage, board: Board) -> Pixels:
    layout = cv2.CALIB_CB_ASYMMETRIC_GRID if board.asymmetric else cv2.CALIB_CB_SYMMETRIC_GRID
    for flags in (layout, layout | cv2.CALIB_CB_CLUSTERING):
        found, centers = cv2.findCirclesGrid(gray, board.grid, flags=flags)
        grid = np.asarray(centers, dtype=np.float64).reshape(-1, 2) if found else None
        if grid is not None and _is_plane(grid, board):
            return _from_front(grid, board)
    return np.full((len(board.points), 2), np.nan)


def _is_plane(centers: Pixels, board: Board) -> bool:
    """Whether circles lie as on the board: steeply seen, OpenCV takes some twice and follows the wrong neighbours."""
    plane, _ = cv2.findHomography(board.points[:, :2], centers, cv2.LMEDS)
    if np.shape(plane) != (3, 3):
        return False
    misfit = np.linalg.norm(cv2.perspectiveTransform(board.points[None, :, :2], plane)[0] - centers, axis=1)
    steps = np.linalg.norm(np.diff(centers.reshape(board.rows, board.columns, 2), axis=1), axis=2)
    return bool(misfit.max() < _MAX_CIRCLE_MISFIT * np.median(steps))


def _from_front(centers: Pixels, board: Board) -> Pixels:
    """Return circles in an order that runs clockwise: steeply seen, OpenCV numbers a grid as if seen from behind."""
    grid = centers.reshape(board.rows, board.columns, 2)
    along, down = grid[:, -1].mean(axis=0) - grid[:, 0].mean(axis=0), grid[-1].mean(axis=0) - grid[0].mean(axis=0)
    is_front = along[0] * down[1] - along[1] * down[0] > 0.0
    # An even number of rows in which every other one is moved looks different from behind.
    has_mirror = not board.asymmetric or board.rows % 2 == 1
    return centers if is_front or not has_mirror else grid[::-1].reshape(-1, 2)


def _aprilgrid(gray: AlphaImage, board: Board) -> Pixels:
    """Find the tags, and the turn in which they are printed: it differs between the programs that print them."""
    result = np.full((len(board.points), 2), np.nan)
    for border in (KALIBR_BORDER, 1):
        corners, ids, _ = tag_detector(board.dictionary, border).detectMarkers(gray)
        numbers = np.ravel(ids) if ids is not None else np.zeros(0, np.int64)
        on_board = numbers < board.num_markers
        if on_board.sum() >= 2:
            tags = np.asarray(corners, dtype=np.float64).reshape(-1, 4, 2)[on_board]
            placed = _placed(tags, numbers[on_board], board)
            if placed is not None:
                result.reshape(-1, 4, 2)[numbers[on_board]] = placed
                return _refined(gray, result, board)
    return result


def _placed(tags: Pixels, numbers: NDArray[Any], board: Board) -> Pixels | None:
    """Return (N, 4, 2) corners in the board's order, NaN for a tag that does not fit; None where no order fits."""
    flat = board.points[:, :2].reshape(-1, 4, 2)[numbers].reshape(-1, 2)
    best, least = None, np.inf
    for turn in range(4):
        for order in (np.roll(np.arange(4), turn), np.roll(np.arange(4)[::-1], turn)):
            ordered = tags[:, order]
            plane, _ = cv2.findHomography(flat, ordered.reshape(-1, 2), cv2.RANSAC, 5.0)
            if np.shape(plane) != (3, 3):
                continue
            predicted = cv2.perspectiveTransform(flat[None], plane)[0].reshape(-1, 4, 2)
            misfit = np.linalg.norm(predicted - ordered, axis=2).max(axis=1)
            side = np.linalg.norm(ordered[:, 1] - ordered[:, 0], axis=1)
            share = misfit / side
            if np.median(share) < least:
                least = float(np.median(share))
                best = np.where((share < _MAX_MISFIT)[:, None, None], ordered, np.nan)
    return best if least < _MAX_MISFIT else None


def _refined(gray: AlphaImage, corners: Pixels, board: Board) -> Pixels:
    """Return corners refined where two black squares meet; those that move far are none."""
    known = np.isfinite(corners[:, 0])
    if known.sum() < 2:
        return corners
    window = _window(corners, board)
    if not window:
        return np.full_like(corners, np.nan)
    start = corners[known].astype(np.float32).reshape(-1, 1, 2)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-4)
    found = cv2.cornerSubPix(gray, start.copy(), (window, window), (-1, -1), criteria).reshape(-1, 2)
    moved = np.linalg.norm(found - start.reshape(-1, 2), axis=1)
    result = np.full_like(corners, np.nan)
    result[known] = np.where((moved <= _MAX_MOVE)[:, None], found, np.nan)
    return result


def _window(corners: Pixels, board: Board) -> int:
    """Return half the side of the window around a corner, px: nothing but the corner's own edges is in it; 0 for none.

    The shares were measured against photographs whose corners are known (benchmarks/boards.py).
    """
    if board.kind == "aprilgrid":
        sides = corners.reshape(-1, 4, 2)
        steps, free = [sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 1]], 0.5 * board.marker
    else:
        grid = corners.reshape(board.grid[1], board.grid[0], 2)
        steps = [np.diff(grid, axis=axis).reshape(-1, 2) for axis in (0, 1)]
        free = 0.6 * (1.0 - board.marker / board.size)
    lengths = [np.linalg.norm(step[np.isfinite(step[:, 0])], axis=1) for step in steps]
    # The shorter side of what a tilted board shows decides.
    known = [float(np.quantile(length, 0.25)) for length in lengths if len(length)]
    wanted = min(known, default=0.0) * free
    return int(np.clip(round(wanted), _WINDOWS[0], _WINDOWS[1])) if wanted >= _SMALLEST else 0


@lru_cache(maxsize=8)
def _charuco_board(board: Board, legacy: bool) -> cv2.aruco.CharucoBoard:
    made = cv2.aruco.CharucoBoard((board.columns, board.rows), board.size, board.marker, dictionary(board.dictionary))
    made.setLegacyPattern(legacy)
    return made


def _charuco_detector(board: Board, legacy: bool) -> cv2.aruco.CharucoDetector:
    # Made anew each time: OpenCV does not say that one may be shared by threads.
    return cv2.aruco.CharucoDetector(_charuco_board(board, legacy), cv2.aruco.CharucoParameters(), _parameters(1))


def tag_detector(name: str, border: int) -> cv2.aruco.ArucoDetector:
    """Return a detector of a dictionary's markers with a black border of so many modules."""
    return cv2.aruco.ArucoDetector(dictionary(name), _parameters(border))


def _parameters(border: int) -> cv2.aruco.DetectorParameters:
    parameters = cv2.aruco.DetectorParameters()
    parameters.markerBorderBits = border
    return parameters
