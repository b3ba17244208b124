"""What a layout's reader returns: lists of points by frame and camera, and how to read one list."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.names import without_picture_suffix
from renderkit.formats.patterns import ANY_FRAME
from renderkit.formats.view_names import ViewNames

MAX_LANDMARKS: Final = 100_000
"""Landmark lists longer than this are refused."""

_SEPARATORS: Final = re.compile(r"[_\-.]")
_CONFIDENCE_NOTE = "the third number of each landmark is read as its confidence"
_CONFIDENCES = ("confidence", "score", "visibility", "presence")


@dataclass(frozen=True, eq=False)
class Points:
    """One list of points as a file has it.

    Attributes:
        xy: (L, 2) in the file's own convention; NaN for those that are not there.
        confidence: (L,) 0 for those that are not there; 1 where the file states none.
        notes: How the list was read where that is a choice.
    """

    xy: FloatArray
    confidence: FloatArray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class LandmarkTable:
    """The lists of one file.

    Attributes:
        layout: The layout's name, for people.
        views: By frame and camera, one list as the file has it; `ANY_FRAME` stands for every frame.
        parse: Reads one of them; raises ValueError.
        scheme: Which landmarks they are; None goes by their number.
        origin: The coordinate of the centre of the top-left pixel in the file's convention, px.
        may_be_shares: Whether the layout's coordinates are shares of width and height where they all lie in 0 to 1.
        notes: How the file was read where that is a choice.
        unknown: Names in the file that are none of the capture's, such as "frame 0".
    """

    layout: str
    views: Mapping[tuple[str, str], object]
    parse: Callable[[object], Points]
    scheme: str | None = None
    origin: float = 0.0
    may_be_shares: bool = False
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class LandmarkSource:
    """A file that is to be read.

    Attributes:
        path: The file.
        names: The capture's frames and cameras; None takes the file's own names as they are.
        view: The (frame, camera) that the file's name says, or None.
        json: Its content as JSON; None for other files.
    """

    path: Path
    names: ViewNames | None
    view: tuple[str, str] | None
    json: object = None

    def own_view(self) -> tuple[str, str]:
        """Return the view of a file that holds one view's points.

        Raises:
            DatasetError: If the file's name says none, and the capture has several cameras.
        """
        if self.view is not None:
            return self.view
        if self.names is not None and len(self.names.cameras) == 1:
            return ANY_FRAME, self.names.cameras[0]
        if self.names is None:
            return ANY_FRAME, self.path.stem
        camera = next((part for part in _SEPARATORS.split(self.path.stem) if self.names.camera(part)), None)
        named = repr(self.path.stem) + " is not a camera's name"
        named += f" with a frame ({', '.join(self.names.frames[:8])})" if camera else ""
        why = (
            f"the file holds the points of one picture, and {named}; expected a folder of files "
            f"<camera>{self.path.suffix} or <frame>/<camera>{self.path.suffix} with the cameras "
            f"{', '.join(self.names.cameras[:8])}, or one JSON {{camera: [[x, y], ...]}}; docs/formats.md has all"
        )
        raise DatasetError(self.path, None, why)


@dataclass(frozen=True)
class LandmarkLayout:
    """How a program writes landmarks.

    Attributes:
        name: Short name.
        title: What writes it, and the convention of its pixels.
        read: Returns the file's table, or None when the file has another layout; may raise DatasetError.
    """

    name: str
    title: str
    read: Callable[[LandmarkSource], LandmarkTable | None]


def resolved(
    lists: Mapping[tuple[str, str], object], names: ViewNames | None
) -> tuple[dict[tuple[str, str], object], tuple[str, ...]]:
    """Return lists by the capture's own names, and the names that are none of them."""
    if names is None:
        return dict(lists), ()
    views: dict[tuple[str, str], object] = {}
    unknown: dict[str, None] = {}
    for (frame_text, camera_text), value in lists.items():
        frame = frame_text if frame_text == ANY_FRAME else names.frame(frame_text)
        camera = names.camera(camera_text)
        if camera is None and frame == ANY_FRAME:
            frame, camera = _view_of_picture(camera_text, names) or (frame, camera)
        unknown |= {f"frame {frame_text!r}": None} if frame is None else {}
        unknown |= {f"camera {camera_text!r}": None} if camera is None else {}
        if frame is not None and camera is not None:
            views[frame, camera] = value
    return views, tuple(unknown)


def _view_of_picture(name: str, names: ViewNames) -> tuple[str, str] | None:
    """Return the view that a picture is of, such as images/0001/cam1.jpg; None for what is no picture's name."""
    stem = without_picture_suffix(name)
    return None if stem == name else names.of_path(stem.replace("\\", "/"), anywhere=True)


def rows_of(rows: object) -> Points:
    """Read rows of (x, y), (x, y, confidence), (x, y, z) or (x, y, z, confidence), objects with x and y, and nulls.

    A third number is a confidence where all of them lie in 0 to 1, otherwise a depth, which is not used.

    Raises:
        ValueError: If it is no list of such rows.
    """
    if not isinstance(rows, list) or len(rows) > MAX_LANDMARKS:
        raise ValueError(f"expected a list of at most {MAX_LANDMARKS} points")
    values = np.full((len(rows), 4), np.nan)
    widths = {_fill(values[index], index, row) for index, row in enumerate(rows) if row is not None}
    return points_of(values[:, : max(widths, default=2)])


def points_of(values: FloatArray) -> Points:
    """Read (L, 2), (L, 3) or (L, 4) numbers; see `rows_of`."""
    xy, confidence = values[:, :2], np.ones(len(values))
    notes: tuple[str, ...] = ()
    there = np.isfinite(xy).all(axis=1)
    stated = values[:, 3] if values.shape[1] == 4 else values[:, 2] if values.shape[1] == 3 else None
    # Programs that write -1, -1, -1 for no detection say nothing of confidences by it.
    told = there if stated is None else there & np.isfinite(stated) & ~(values[:, :2] == -1.0).all(axis=1)
    if stated is not None and told.any():
        known = stated[told]
        if known.min() >= 0.0 and known.max() <= 1.0:
            confidence = np.nan_to_num(stated, nan=1.0)
            notes = (_CONFIDENCE_NOTE,) if values.shape[1] == 3 else ()
        else:
            notes = ("the third number of each landmark is not a confidence: it is left out",)
    return Points(xy, np.where(there, confidence, 0.0), notes)


def without_origin(points: Points) -> Points:
    """Return points of which those at exactly (0, 0) or (-1, -1) are not there: detectors write it for no detection."""
    absent = ((points.xy == 0.0) | (points.xy == -1.0)).all(axis=1) & (points.xy[:, 0] == points.xy[:, 1])
    return replace(points, confidence=np.where(absent, 0.0, points.confidence))


def with_confidences(points: Points, confidences: object) -> Points:
    """Return points with confidences that stand in a list of their own; the same points where it is none of them.

    Raises:
        ValueError: If there are not as many of them as points.
    """
    if not isinstance(confidences, list | np.ndarray) or not len(confidences):
        return points
    values = np.array([math.nan if value is None else number(value, "a confidence") for value in list(confidences)])
    if len(values) != len(points.xy):
        raise ValueError(f"{len(values)} confidences of {len(points.xy)} points")
    return replace(points, confidence=np.minimum(points.confidence, np.clip(np.nan_to_num(values), 0.0, 1.0)))


def triples_of(values: object) -> Points:
    """Read a flat list x0, y0, c0, x1, y1, c1 ...: OpenPose's and COCO's form.

    Raises:
        ValueError: If it is no such list.
    """
    if not isinstance(values, list) or len(values) % 3 or len(values) > 3 * MAX_LANDMARKS:
        raise ValueError("expected a flat list x, y, confidence, x, y, confidence ...")
    numbers = np.array([number(value, "a keypoint") for value in values]).reshape(-1, 3)
    return without_origin(Points(numbers[:, :2], np.nan_to_num(numbers[:, 2])))


def number(value: object, what: str) -> float:
    """Return a JSON number, also given as text; NaN for one that no float holds.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, str):
        try:
            return number(float(value), what)
        except ValueError as error:
            raise ValueError(f"{what}: expected a number, found {value[:40]!r}") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{what}: expected a number, found {value!r}")  # noqa: TRY004 - a file is wrong, no argument
    return float(value) if abs(value) < 1e300 else math.nan


def _fill(target: FloatArray, index: int, row: object) -> int:
    """Write one row and return how many numbers it has; x, y, depth, confidence for an object with a confidence."""
    if isinstance(row, Mapping):
        target[:2] = [number(row.get(key), f"point {index}: {key}") for key in ("x", "y")]
        confidences = [row[key] for key in _CONFIDENCES if row.get(key) is not None]
        if not confidences:
            return 2
        target[3] = number(confidences[0], f"point {index}: confidence")
        return 4
    if not isinstance(row, Sequence) or isinstance(row, str) or not 2 <= len(row) <= 4:
        raise ValueError(f"point {index}: expected null, (x, y) or (x, y, confidence), found {row!r}")
    target[: len(row)] = [math.nan if value is None else number(value, f"point {index}") for value in row]
    return len(row)
