"""Landmarks that a dataset does not ship: a file or folder of any layout that `landmarks.registry` has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from renderkit.arrays import BoolArray, FloatArray
from renderkit.capture import Frame
from renderkit.errors import DatasetError
from renderkit.formats.format import DEFAULT_MIN_CONFIDENCE
from renderkit.formats.landmarks.own_form import WorldLandmarks, write_landmarks_file
from renderkit.formats.landmarks.registry import LAYOUTS, SUFFIXES
from renderkit.formats.landmarks.table import LandmarkSource, LandmarkTable, Points
from renderkit.formats.names import without_picture_suffix
from renderkit.formats.patterns import ANY_FRAME
from renderkit.formats.view_names import ViewNames, walk_files
from renderkit.geometry.landmark_schemes import scheme_of_count
from renderkit.geometry.landmarks import Landmarks
from renderkit.untrusted.json_text import read_json
from renderkit.wording import counted, list_names

__all__ = ["LandmarksFile", "write_landmarks_file"]

_FILE_ENDINGS = ("_keypoints", "_landmarks")
_LARGE_PX, _FEWEST, _MOST_NAMED = 16, 3, 6
_SHARES = (-0.5, 1.5)
_GRID = (-1.1, 1.1)
"""Range of shares of the picture: landmarks of a face that it cuts lie outside 0 to 1."""


@dataclass(frozen=True, eq=False)
class _ReadFile:
    path: Path
    table: LandmarkTable
    world: WorldLandmarks


@dataclass(frozen=True)
class _Later:
    """A file of a folder that is read when one of its views is asked for."""

    path: Path
    view: tuple[str, str]
    cache: dict[str, _ReadFile] = field(default_factory=dict, compare=False)


class LandmarksFile:
    """Landmarks by frame and camera. Structure is checked on opening, each list when it is asked for.

    In a folder each file is one of a layout; files that are named after a view (`<camera>.pts`,
    `<frame>/<camera>.json`, `<camera>_<frame>_keypoints.json`) are read when that view is asked for.

    Attributes:
        path: The file or folder.
        notes: What the capture does not have, and which layout was read.
    """

    def __init__(
        self,
        path: str | Path,
        names: ViewNames | None = None,
        *,
        min_confidence: float = DEFAULT_MIN_CONFIDENCE,
    ) -> None:
        """Read the file, or list the folder.

        Args:
            path: The file or folder.
            names: The capture's frames and cameras; None takes the file's own names.
            min_confidence: Landmarks whose confidence is not above this are not valid.

        Raises:
            DatasetError: If it is missing, too large, of no known layout, or names no frame or camera of the capture.
        """
        self.path = Path(path)
        self.min_confidence = min_confidence
        self._names = names
        self._later: dict[tuple[str, str], _Later] = {}
        read = self._list_folder() if self.path.is_dir() else [self._read(self.path, self._view_of(self.path.name))]
        self._files = {key: file for file in read for key in file.table.views}
        self._world = self._one_world([file.world for file in read if file.world])
        unknown = tuple(dict.fromkeys(name for file in read for name in (*file.table.unknown, *file.world.unknown)))
        self._refuse_strangers(unknown)
        self.notes = _notes(unknown)

    @property
    def has_2d(self) -> bool:
        """Whether there are landmarks in pictures."""
        return bool(self._files or self._later)

    @property
    def has_3d(self) -> bool:
        """Whether there are landmarks in the world, as points or as vertices of a mesh."""
        return self._world is not None

    def cameras(self, frame_id: str) -> tuple[str, ...]:
        """Return the cameras that have 2D landmarks in a frame."""
        keys = [*self._files, *self._later]
        return tuple(dict.fromkeys(camera for frame, camera in keys if frame in {frame_id, ANY_FRAME}))

    def landmarks_2d(self, frame_id: str, camera_name: str, size: tuple[int, int] | None = None) -> Landmarks | None:
        """Return (L, 2) px, (0, 0) at the centre of the top-left pixel; None if the file has none for this view.

        Args:
            frame_id: The frame.
            camera_name: The camera.
            size: (width, height) of its picture in px, which tells shares of it from pixels; None takes pixels. A note
                says where shares stand in place of pixels.

        Raises:
            DatasetError: If the list is malformed.
        """
        for key in ((frame_id, camera_name), (ANY_FRAME, camera_name)):
            file = self._files.get(key) or self._read_later(key)
            if file is None:
                continue
            held = next((k for k in ((frame_id, camera_name), key) if k in file.table.views), None)
            if held is not None:
                return self._landmarks(file, held, size)
        return None

    def landmarks_3d(self, frame: Frame) -> Landmarks | None:
        """Return (L, 3) world units, or None if the file has none for this frame.

        Raises:
            DatasetError: If a list is malformed, the frame has not the mesh, or an index is out of its range.
        """
        return None if self._world is None else self._world.of(frame)

    def _landmarks(self, file: _ReadFile, view: tuple[str, str], size: tuple[int, int] | None) -> Landmarks:
        table, key = file.table, "/".join(view)
        try:
            points = table.parse(table.views[view])
        except ValueError as error:
            raise DatasetError(file.path, key, str(error)) from error
        valid = (points.confidence > self.min_confidence) & np.isfinite(points.xy).all(axis=1)
        scheme = table.scheme or scheme_of_count(len(points.xy))
        notes = [*table.notes, *points.notes]
        xy = points.xy - table.origin
        if size is not None and _are_shares(points, valid, size):
            if _is_mediapipe(table, scheme):
                xy = points.xy * np.asarray(size, dtype=np.float64)
                notes.append("MediaPipe: x and y are shares of the picture and were multiplied by its width and height")
            else:
                notes.append(_normalised(int(valid.sum()), size))
        elif size is not None and _are_shares(points, valid, size, _GRID):
            notes.append(_on_grid(int(valid.sum()), size))
        elif size is not None and _are_exchanged(xy, valid, size):
            notes.append("most landmarks lie outside the picture, but inside with x and y exchanged: expected (x, y)")
        return Landmarks(np.where(valid[:, None], xy, np.nan), valid, scheme, tuple(notes))

    def _read(self, path: Path, view: tuple[str, str] | None) -> _ReadFile:
        is_json = path.suffix.lower() not in SUFFIXES[1:]
        content = read_json(path) if is_json else None
        source = LandmarkSource(path, self._names, view, content)
        for layout in LAYOUTS:
            table = layout.read(source)
            if table is not None:
                world = WorldLandmarks(path, content if isinstance(content, Mapping) else {}, self._names)
                return _ReadFile(path, table, world)
        titles = "; ".join(layout.title for layout in LAYOUTS)
        raise DatasetError(path, None, f"expected landmarks in one of these layouts: {titles}. See docs/formats.md")

    def _read_later(self, key: tuple[str, str]) -> _ReadFile | None:
        later = self._later.get(key)
        if later is None:
            return None
        if "file" not in later.cache:
            file = self._read(later.path, later.view)
            if not file.table.views and file.table.unknown:
                why = f"no landmarks of this view: the capture has no {list_names(file.table.unknown, _MOST_NAMED)}"
                raise DatasetError(later.path, None, why)
            if len(file.table.views) < 2:
                return file
            later.cache["file"] = file  # a file of many frames is read once
        return later.cache["file"]

    def _list_folder(self) -> list[_ReadFile]:
        read = []
        for name in walk_files(self.path, SUFFIXES):
            view = self._view_of(name)
            if view is None:
                read.append(self._read(self.path / name, None))
            else:
                self._later.setdefault(view, _Later(self.path / name, view))
        if not read and not self._later:
            raise DatasetError(self.path, None, f"expected landmark files ({', '.join(SUFFIXES)}); found none")
        return read

    def _view_of(self, name: str) -> tuple[str, str] | None:
        if self._names is None:
            return None
        stem = name[: -len(Path(name).suffix)] if Path(name).suffix else name
        for ending in _FILE_ENDINGS:
            stem = stem.removesuffix(ending)
        return self._names.of_path(stem) or self._names.of_path(without_picture_suffix(stem))

    def _one_world(self, found: list[WorldLandmarks]) -> WorldLandmarks | None:
        if len(found) > 1:
            why = f"two files hold 3D landmarks: {found[0].path.name} and {found[1].path.name}"
            raise DatasetError(self.path, None, why)
        return found[0] if found else None

    def _refuse_strangers(self, unknown: tuple[str, ...]) -> None:
        """Refuse a file of which nothing belongs to the capture."""
        if self._names is None or self.has_2d or not unknown:
            return
        frames, cameras = (list_names(each, _MOST_NAMED) for each in (self._names.frames, self._names.cameras))
        raise DatasetError(
            self.path,
            None,
            f"no landmarks of this capture: it has no {list_names(unknown, _MOST_NAMED)}. "
            f"Its frames are {frames}; its cameras are "
            f"{cameras}. '*' stands for every frame",
        )


def _notes(unknown: tuple[str, ...]) -> tuple[str, ...]:
    return (f"landmarks that are not used: the capture has no {list_names(unknown, _MOST_NAMED)}",) if unknown else ()


def _is_mediapipe(table: LandmarkTable, scheme: str) -> bool:
    return table.may_be_shares or scheme.startswith("mediapipe")


def _are_shares(points: Points, valid: BoolArray, size: tuple[int, int], bounds: tuple[float, float] = _SHARES) -> bool:
    """Return whether all coordinates lie within bounds that a picture exceeds by far."""
    xy = points.xy[valid]
    return bool(len(xy) >= _FEWEST and min(size) > _LARGE_PX and xy.min() >= bounds[0] and xy.max() <= bounds[1])


def _normalised(count: int, size: tuple[int, int]) -> str:
    return (
        f"all {counted(count, 'landmark')} lie in or about the unit square, and the "
        f"picture has {size[0]} x {size[1]} px: they "
        "are normalised; expected pixels: multiply x by the width and y by the height"
    )


def _on_grid(count: int, size: tuple[int, int]) -> str:
    return (
        f"all {counted(count, 'landmark')} lie in -1 to 1, and the picture has {size[0]} x {size[1]} px: they are "
        "normalised; expected pixels: x = (x + 1) / 2 * width - 0.5, y likewise"
    )


def _are_exchanged(xy: FloatArray, valid: BoolArray, size: tuple[int, int]) -> bool:
    """Return whether most points lie outside the picture as (x, y), and nearly all inside it as (y, x)."""
    points, limit = xy[valid], np.asarray(size, dtype=np.float64) - 0.5
    if len(points) < _FEWEST:
        return False
    inside = ((points >= -0.5) & (points <= limit)).all(axis=1).mean()
    turned = ((points >= -0.5) & (points <= limit[::-1])).all(axis=1).mean()
    return bool(inside < 0.5 and turned > 0.9)
