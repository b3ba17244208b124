"""Landmarks that a dataset does not ship, in a JSON file of our own. docs/formats.md describes it field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from renderkit.capture import Frame
from renderkit.errors import DatasetError
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.untrusted.json_text import read_json_object
from renderkit.writing import write_json

FORMAT_NAME = "renderkit-landmarks"
FORMAT_VERSION = 1
ANY_FRAME = "*"
"""Stands for every frame of a capture."""

MAX_LANDMARKS = 100_000
"""Landmark lists longer than this are refused."""

_SECTIONS = ("landmarks_2d", "landmarks_3d", "vertex_indices")


class LandmarksFile:
    """Landmarks by frame and camera. Structure is checked on opening, each list when it is asked for.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str | Path) -> None:
        """Read the file.

        Raises:
            DatasetError: If it is missing, too large, not JSON, or not a landmarks file of a version known here.
        """
        self.path = Path(path)
        content = read_json_object(self.path)
        found = (content.get("format"), content.get("version"))
        if found != (FORMAT_NAME, FORMAT_VERSION):
            raise DatasetError(
                self.path,
                None,
                f"expected format {FORMAT_NAME!r} version {FORMAT_VERSION}, found {found[0]!r} {found[1]!r}",
            )
        self._sections: dict[str, dict[str, Any]] = {}
        for name in _SECTIONS:
            section = content.get(name)
            if section is not None:
                self._sections[name] = self._checked(name, section)
        if not self._sections:
            raise DatasetError(self.path, None, f"expected at least one of {', '.join(_SECTIONS)}; found none")
        if "landmarks_3d" in self._sections and "vertex_indices" in self._sections:
            raise DatasetError(self.path, None, "landmarks_3d and vertex_indices both say where the 3D points are")

    @property
    def has_2d(self) -> bool:
        """Whether there are landmarks in pictures."""
        return "landmarks_2d" in self._sections

    @property
    def has_3d(self) -> bool:
        """Whether there are landmarks in the world, as points or as vertices of a mesh."""
        return "landmarks_3d" in self._sections or "vertex_indices" in self._sections

    def cameras(self, frame_id: str) -> tuple[str, ...]:
        """Return the cameras that have 2D landmarks in a frame."""
        return tuple(self._frame_2d(frame_id))

    def landmarks_2d(self, frame_id: str, camera_name: str) -> Landmarks | None:
        """Return (L, 2) px, or None if the file has none for this view.

        Raises:
            DatasetError: If the list is not one of number pairs and nulls.
        """
        rows = self._frame_2d(frame_id).get(camera_name)
        if rows is None:
            return None
        return self._landmarks("landmarks_2d", rows, 2, f"landmarks_2d/{frame_id}/{camera_name}")

    def landmarks_3d(self, frame: Frame) -> Landmarks | None:
        """Return (L, 3) world units, or None if the file has none for this frame.

        Raises:
            DatasetError: If a list is malformed, the frame has not the mesh, or an index is out of its range.
        """
        if "vertex_indices" in self._sections:
            return self._vertices(frame)
        if "landmarks_3d" not in self._sections:
            return None
        frames = self._sections["landmarks_3d"]["frames"]
        rows = frames.get(frame.id, frames.get(ANY_FRAME))
        return None if rows is None else self._landmarks("landmarks_3d", rows, 3, f"landmarks_3d/{frame.id}")

    def _frame_2d(self, frame_id: str) -> dict[str, Any]:
        frames = self._sections.get("landmarks_2d", {"frames": {}})["frames"]
        cameras: dict[str, Any] = frames.get(frame_id, frames.get(ANY_FRAME, {}))
        if not isinstance(cameras, dict):
            raise DatasetError(self.path, f"landmarks_2d/{frame_id}", "expected an object of cameras")
        return cameras

    def _checked(self, name: str, section: object) -> dict[str, Any]:
        if not isinstance(section, dict) or not isinstance(section.get("scheme"), str):
            raise DatasetError(self.path, name, "expected an object with a text field 'scheme'")
        field, kind = ("indices", list) if name == "vertex_indices" else ("frames", dict)
        if not isinstance(section.get(field), kind):
            raise DatasetError(self.path, name, f"expected a field {field!r}, a JSON {kind.__name__}")
        return section

    def _landmarks(self, section: str, rows: object, width: int, key: str) -> Landmarks:
        if not isinstance(rows, list) or len(rows) > MAX_LANDMARKS:
            raise DatasetError(self.path, key, f"expected a list of at most {MAX_LANDMARKS} points")
        points = np.full((len(rows), width), np.nan)
        for index, row in enumerate(rows):
            if row is None:
                continue
            if not isinstance(row, list) or len(row) != width or not all(_is_number(value) for value in row):
                raise DatasetError(self.path, f"{key}/{index}", f"expected null or {width} numbers, found {row!r}")
            points[index] = [_finite(value) for value in row]
        return Landmarks.all_valid(points, self._sections[section]["scheme"])

    def _vertices(self, frame: Frame) -> Landmarks:
        section = self._sections["vertex_indices"]
        mesh = self._mesh(frame, section.get("mesh"))
        indices, count = section["indices"], len(mesh.vertices)
        if not indices or not all(type(index) is int and 0 <= index < count for index in indices):
            raise DatasetError(
                self.path,
                "vertex_indices",
                f"expected a list of indices within the {count} vertices of mesh {mesh.name!r}",
            )
        return Landmarks.all_valid(mesh.vertices[indices], section["scheme"])

    def _mesh(self, frame: Frame, name: object) -> Mesh:
        names = frame.mesh_names
        if name is None and len(names) == 1:
            return frame.read_mesh(names[0])
        if not isinstance(name, str) or name not in names:
            raise DatasetError(
                self.path, "vertex_indices/mesh", f"expected one of the frame's meshes {list(names)}, found {name!r}"
            )
        return frame.read_mesh(name)


def write_landmarks_file(
    path: str | Path,
    landmarks_2d: Mapping[str, Mapping[str, Landmarks]] | None = None,
    landmarks_3d: Mapping[str, Landmarks] | None = None,
) -> None:
    """Write landmarks for `--landmarks`.

    Args:
        path: The file to write.
        landmarks_2d: By frame id and camera name, (L, 2) px, all of one scheme; invalid ones are written as null.
        landmarks_3d: By frame id, (L, 3) world units, all of one scheme.

    Raises:
        ValueError: If a section mixes schemes.
        DatasetError: If the file cannot be written.
    """
    content: dict[str, Any] = {"format": FORMAT_NAME, "version": FORMAT_VERSION}
    if landmarks_2d:
        scheme = _one_scheme(each for cameras in landmarks_2d.values() for each in cameras.values())
        frames = {f: {c: _rows(each) for c, each in cameras.items()} for f, cameras in landmarks_2d.items()}
        content["landmarks_2d"] = {"scheme": scheme, "frames": frames}
    if landmarks_3d:
        scheme = _one_scheme(landmarks_3d.values())
        content["landmarks_3d"] = {"scheme": scheme, "frames": {f: _rows(each) for f, each in landmarks_3d.items()}}
    write_json(Path(path), content)


def _one_scheme(landmarks: Iterable[Landmarks]) -> str:
    schemes = {each.scheme for each in landmarks}
    if len(schemes) != 1:
        raise ValueError(f"expected landmarks of one scheme, got {sorted(schemes)}")
    return schemes.pop()


def _rows(landmarks: Landmarks) -> list[list[float] | None]:
    return [point.tolist() if ok else None for point, ok in zip(landmarks.points, landmarks.valid, strict=True)]


def _finite(value: float) -> float:
    return float(value) if abs(value) < 1e300 else float("nan")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
