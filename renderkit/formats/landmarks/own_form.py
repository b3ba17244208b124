"""renderkit's own form of landmarks: 2D by frame and camera, 3D by frame or as vertices; see docs/formats.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from renderkit.capture import Frame
from renderkit.errors import DatasetError
from renderkit.formats.landmarks.table import (
    MAX_LANDMARKS,
    LandmarkLayout,
    LandmarkSource,
    LandmarkTable,
    Points,
    number,
    points_of,
    resolved,
)
from renderkit.formats.patterns import ANY_FRAME
from renderkit.formats.view_names import ViewNames
from renderkit.geometry.landmarks import Landmarks
from renderkit.geometry.mesh import Mesh
from renderkit.wording import counted
from renderkit.writing import write_json

FORMAT_NAME = "renderkit-landmarks"
FORMAT_VERSION = 1

_SECTIONS = ("landmarks_2d", "landmarks_3d", "vertex_indices")


class WorldLandmarks:
    """The 3D landmarks of a file: points by frame, or vertices of a mesh. Each list is checked when it is asked for.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, content: Mapping[str, Any], names: ViewNames | None) -> None:
        """Check the sections `landmarks_3d` and `vertex_indices`; at most one of them is there.

        Raises:
            DatasetError: If one is malformed, or both are there.
        """
        self.path = path
        self._sections = {name: checked_section(path, name, content[name]) for name in _SECTIONS[1:] if name in content}
        if len(self._sections) == 2:
            raise DatasetError(path, None, "landmarks_3d and vertex_indices both say where the 3D points are")
        frames = self._sections.get("landmarks_3d", {}).get("frames", {})
        known = frames if names is None else {name: names.frame(name) for name in frames if name != ANY_FRAME}
        self.unknown = tuple(f"frame {name!r} of landmarks_3d" for name, own in known.items() if own is None)
        self._frames = {(known.get(name) or name): rows for name, rows in frames.items()} if names else dict(frames)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._sections)

    def of(self, frame: Frame) -> Landmarks | None:
        """Return (L, 3) world units, or None if the file has none for this frame.

        Raises:
            DatasetError: If a list is malformed, the frame has not the mesh, or an index is out of its range.
        """
        if "vertex_indices" in self._sections:
            return self._vertices(frame)
        rows = self._frames.get(frame.id, self._frames.get(ANY_FRAME))
        if rows is None:
            return None
        try:
            points = _rows(rows, 3)
        except ValueError as error:
            raise DatasetError(self.path, f"landmarks_3d/{frame.id}", str(error)) from error
        return Landmarks.all_valid(points, self._sections["landmarks_3d"]["scheme"])

    def _vertices(self, frame: Frame) -> Landmarks:
        section = self._sections["vertex_indices"]
        mesh = self._mesh(frame, section.get("mesh"))
        indices, count = section["indices"], len(mesh.vertices)
        if not indices or not all(type(index) is int and 0 <= index < count for index in indices):
            raise DatasetError(
                self.path,
                "vertex_indices",
                f"expected a list of indices within the {counted(count, 'vertex')} of mesh {mesh.name!r}",
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


def _read_own(source: LandmarkSource) -> LandmarkTable | None:
    content = source.json
    if not isinstance(content, Mapping) or "format" not in content:
        return None
    found = (content.get("format"), content.get("version"))
    if found != (FORMAT_NAME, FORMAT_VERSION):
        expected = f"expected format {FORMAT_NAME!r} version {FORMAT_VERSION}"
        raise DatasetError(source.path, None, f"{expected}, found {found[0]!r} {found[1]!r}")
    if not any(name in content for name in _SECTIONS):
        raise DatasetError(source.path, None, f"expected at least one of {', '.join(_SECTIONS)}; found none")
    if "landmarks_2d" not in content:
        return LandmarkTable(FORMAT_NAME, {}, _points)
    section = checked_section(source.path, "landmarks_2d", content["landmarks_2d"])
    lists: dict[tuple[str, str], object] = {}
    for frame, cameras in section["frames"].items():
        if not isinstance(cameras, Mapping):
            raise DatasetError(source.path, f"landmarks_2d/{frame}", "expected an object of cameras")
        lists |= {(frame, camera): rows for camera, rows in cameras.items()}
    views, unknown = resolved(lists, source.names)
    return LandmarkTable(FORMAT_NAME, views, _points, section["scheme"], unknown=unknown)


def checked_section(path: Path, name: str, section: object) -> Mapping[str, Any]:
    """Return a section whose outer structure is right.

    Raises:
        DatasetError: If it has no scheme, or not the field that its kind needs.
    """
    if not isinstance(section, Mapping) or not isinstance(section.get("scheme"), str):
        raise DatasetError(path, name, "expected an object with a text field 'scheme'")
    field, kind = ("indices", list) if name == "vertex_indices" else ("frames", dict)
    if not isinstance(section.get(field), kind):
        raise DatasetError(path, name, f"expected a field {field!r}, a JSON {kind.__name__}")
    return section


def _points(rows: object) -> Points:
    values = _rows(rows, 2, with_confidence=True)
    stated = values[:, 2][np.isfinite(values[:, 2])]
    if stated.size and (stated.min() < 0.0 or stated.max() > 1.0):
        raise ValueError("expected null or 2 numbers, or 3 with a confidence from 0 to 1; found one outside 0 to 1")
    return points_of(values)


def _rows(rows: object, width: int, *, with_confidence: bool = False) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return (L, width) numbers, (L, width + 1) with confidences; null is NaN."""
    if not isinstance(rows, list) or len(rows) > MAX_LANDMARKS:
        raise ValueError(f"expected a list of at most {MAX_LANDMARKS} points")
    widths = (width, width + 1) if with_confidence else (width,)
    values = np.full((len(rows), widths[-1]), np.nan)
    expected = f"expected null or {width} numbers{' (and a confidence)' if with_confidence else ''}"
    for index, row in enumerate(rows):
        if row is None:
            continue
        if not isinstance(row, list) or len(row) not in widths:
            raise ValueError(f"point {index}: {expected}, found {row!r}")
        values[index, : len(row)] = [number(value, f"point {index}: {expected}") for value in row]
    return values


OWN = LandmarkLayout("renderkit", "renderkit-landmarks: 2D and 3D, pixels counted from 0", _read_own)


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
        frames = {f: {c: _as_rows(each) for c, each in cameras.items()} for f, cameras in landmarks_2d.items()}
        content["landmarks_2d"] = {"scheme": scheme, "frames": frames}
    if landmarks_3d:
        scheme = _one_scheme(landmarks_3d.values())
        content["landmarks_3d"] = {"scheme": scheme, "frames": {f: _as_rows(each) for f, each in landmarks_3d.items()}}
    write_json(Path(path), content)


def _one_scheme(landmarks: Iterable[Landmarks]) -> str:
    schemes = {each.scheme for each in landmarks}
    if len(schemes) != 1:
        raise ValueError(f"expected landmarks of one scheme, got {sorted(schemes)}")
    return schemes.pop()


def _as_rows(landmarks: Landmarks) -> list[list[float] | None]:
    return [point.tolist() if ok else None for point, ok in zip(landmarks.points, landmarks.valid, strict=True)]
