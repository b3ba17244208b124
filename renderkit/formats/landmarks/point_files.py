"""Landmarks in text and arrays: iBUG's .pts, face-alignment's .npy, .npz, DeepLabCut's and OpenFace's tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.formats.landmarks.table import (
    MAX_LANDMARKS,
    LandmarkLayout,
    LandmarkSource,
    LandmarkTable,
    Points,
    points_of,
    resolved,
    without_origin,
)
from renderkit.formats.patterns import ANY_FRAME
from renderkit.untrusted.csv_text import csv_rows
from renderkit.untrusted.files import read_bytes, read_text
from renderkit.untrusted.npz import read_npy, read_npz
from renderkit.wording import counted

_COLUMNS = (
    ("x", "u", "col", "x_px"),
    ("y", "v", "row", "y_px"),
    ("confidence", "likelihood", "score", "conf", "visibility"),
)
"""Names of the columns x, y and confidence."""

_CONFIDENCE_ARRAYS = ("confidence", "confidences", "conf", "scores", "score", "keypoint_scores", "visibility")
_MIN_NUMBERED = 5
_WIDE = re.compile(r"([xy])_?(\d{1,5})")
_DIGITS = re.compile(r"(\d+)(?=\D*$)")
_PTS_NOTE = (
    ".pts: pixels are counted from 1, as by 300-W and menpo; 1 was taken from x and y (give 0-based points as JSON)"
)


def _read_pts(source: LandmarkSource) -> LandmarkTable | None:
    """IBUG's .pts: `version`, `n_points`, and x y in braces, the top-left pixel's centre at (1, 1) (menpo.io)."""
    if source.path.suffix.lower() != ".pts":
        return None
    text = read_text(source.path)
    opening, closing = text.find("{"), text.rfind("}")
    lines = [line.split() for line in text[opening + 1 : closing].splitlines() if line.strip()]
    if opening < 0 or closing < opening:
        raise DatasetError(source.path, None, "expected points between braces, as .pts files have them")
    stated = re.search(r"n_points\s*:\s*(\d{1,9})\b", text[:opening])
    if stated and int(stated[1]) != len(lines):
        raise DatasetError(source.path, "n_points", f"says {stated[1]} points, found {counted(len(lines), 'line')}")
    values = _numbers(source, lines)
    return LandmarkTable("iBUG .pts", {source.own_view(): values}, _points, origin=1.0, notes=(_PTS_NOTE,))


def _read_npy(source: LandmarkSource) -> LandmarkTable | None:
    """face-alignment's arrays: (L, 2), (L, 3) with a depth, or (N, L, 2 or 3) for the capture's frames in order."""
    suffix = source.path.suffix.lower()
    if suffix not in {".npy", ".npz"}:
        return None
    if suffix == ".npz":
        return _read_npz(source)
    values = read_npy(source.path, read_bytes(source.path))
    if not _are_points(values):
        why = f"expected numbers of shape (L, 2), (L, 3), (N, L, 2) or (N, L, 3), found {values.dtype} {values.shape}"
        raise DatasetError(source.path, None, why)
    return LandmarkTable("array", _by_frame(source, values.astype(np.float64)), _points)


def _by_frame(source: LandmarkSource, numbers: FloatArray) -> dict[tuple[str, str], object]:
    """Return (L, C) numbers of one view, or (N, L, C) of a camera for the capture's frames in order."""
    frame, camera = source.own_view()
    if numbers.ndim == 2 or len(numbers) == 1:
        return {(frame, camera): numbers.reshape(-1, numbers.shape[-1])}
    frames = () if source.names is None else source.names.frames
    if len(frames) != len(numbers) or frame != ANY_FRAME:
        why = (
            f"holds {counted(len(numbers), 'frame')}; expected "
            f"{len(frames) if frame == ANY_FRAME else 1}, as the capture has"
        )
        raise DatasetError(source.path, None, why)
    return {(name, camera): numbers[index] for index, name in enumerate(frames)}


def _read_npz(source: LandmarkSource) -> LandmarkTable:
    """Arrays of points by camera, or one such array (landmarks, pts ...) beside others."""
    arrays = read_npz(source.path)
    points = {name: values.astype(np.float64) for name, values in arrays.items() if _are_points(values)}
    if not points:
        found = ", ".join(f"{name} {values.shape}" for name, values in list(arrays.items())[:8]) or "none"
        why = (
            f"expected an array of shape (L, 2), (L, 3), (N, L, 2) or (N, L, 3), or one for each camera; found {found}"
        )
        raise DatasetError(source.path, None, why)
    if len(points) == 1 and (source.names is None or source.names.camera(next(iter(points))) is None):
        (only,) = points.values()
        confidences = next((arrays[name] for name in _CONFIDENCE_ARRAYS if name in arrays), None)
        if confidences is not None and confidences.shape == only.shape[:-1] and confidences.dtype.kind in "fiu":
            only = np.concatenate([only[..., :2], np.clip(confidences, 0.0, 1.0)[..., None]], axis=-1)
        return LandmarkTable("array", _by_frame(source, only), _points)
    flat = {(ANY_FRAME, name): values for name, values in points.items() if values.ndim == 2}
    views, unknown = resolved(flat, source.names)
    return LandmarkTable("arrays by camera", views, _points, unknown=unknown)


def _are_points(values: NDArray[np.generic]) -> bool:
    return values.ndim in {2, 3} and values.shape[-1] in {2, 3} and values.dtype.kind in "fiu"


def _read_table(source: LandmarkSource) -> LandmarkTable | None:
    """DeepLabCut's table: rows `scorer`, `bodyparts`, `coords`, then one row per frame; x, y and a likelihood."""
    if source.path.suffix.lower() not in {".csv", ".txt", ".tsv"}:
        return None
    rows = csv_rows(source.path, read_text(source.path))
    heads = {row[0].strip().lower(): row for row in rows[:5] if row}
    if "bodyparts" not in heads or "coords" not in heads:
        return _read_rows(source, rows)
    last = next(index for index, row in enumerate(rows) if row and row[0].strip().lower() == "coords")
    coords = [text.strip().lower() for text in heads["coords"]]
    starts = [index for index, text in enumerate(coords) if text == "x"]
    width = 3 if "likelihood" in coords else 2
    if not starts or any(coords[i : i + width] != ["x", "y", "likelihood"][:width] for i in starts):
        raise DatasetError(
            source.path, "coords", f"expected x, y (, likelihood) for each body part, found {coords[:9]}"
        )
    people = heads.get("individuals")
    chosen = [i for i in starts if people is None or people[i] == people[starts[0]]]
    columns = [i + k for i in chosen for k in range(width)]
    frame, camera = _camera_of(source)
    lists: dict[tuple[str, str], object] = {}
    for row in rows[last + 1 :]:
        if row:
            name = frame if frame != ANY_FRAME else _frame_of(row, min(starts))
            cells = [row[i] if i < len(row) else "" for i in columns]
            lists[name, camera] = _numbers(source, [cells]).reshape(-1, width)
    views, unknown = resolved(lists, source.names)
    notes = ("DeepLabCut: the first of several individuals",) if len(chosen) < len(starts) else ()
    return LandmarkTable(
        "DeepLabCut", views, _points, f"deeplabcut{len(chosen)}", notes=notes, unknown=unknown
    )  # fmt: skip


def _read_rows(source: LandmarkSource, rows: Sequence[Sequence[str]]) -> LandmarkTable | None:
    """Rows of x, y or x, y, confidence, in the order of the line of names before them where there is one."""
    lines = [row if len(row) > 1 else row[0].replace(";", " ").split() for row in rows if len(row) > 1 or any(row)]
    while lines and not any(cell.strip() for cell in lines[-1]):
        lines.pop()  # spreadsheets write them; in the middle they are landmarks that are not there
    lines = _without_comments(lines)
    notes: tuple[str, ...] = ()
    if lines and any(cell.strip() and not _is_number(cell) for cell in lines[0]):
        wide = _wide_columns(lines[0])
        if wide:
            return _read_wide(source, lines[1:], wide)
        lines, notes = _named_columns(lines)
    elif _is_numbered(lines):
        lines, notes = [line[1:] for line in lines], ("the first column numbers the landmarks and is left out",)
    if not lines or any(len(line) not in {2, 3} for line in lines):
        return None
    return LandmarkTable("rows of numbers", {source.own_view(): _numbers(source, lines)}, _points, notes=notes)


def _without_comments(lines: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the lines without those that begin with "#", but for one that names the columns (numpy.savetxt)."""
    kept: list[Sequence[str]] = []
    for line in lines:
        if line and line[0].lstrip().startswith("#"):
            first = line[0].lstrip().lstrip("#").strip()
            named = [first, *line[1:]] if first else list(line[1:])
            names = {cell.strip().lower() for cell in named}
            if kept or not (names & set(_COLUMNS[0]) and names & set(_COLUMNS[1])):
                continue
            line = named  # noqa: PLW2901
        kept.append(line)
    return kept


def _named_columns(lines: Sequence[Sequence[str]]) -> tuple[list[Sequence[str]], tuple[str, ...]]:
    """Return the rows below a line of names, with the columns x, y, confidence in this order, and what is left out."""
    header = [name.strip().strip('"').lower() for name in lines[0]]
    found = [next((header.index(name) for name in names if name in header), None) for names in _COLUMNS]
    across, down, confidence = found
    if across is None or down is None:
        return list(lines[1:]), ()
    used = [across, down] if confidence is None else [across, down, confidence]
    others = [name for index, name in enumerate(header) if index not in used]
    notes = (f"columns left out: {', '.join(others[:8])}",) if others else ()
    return [[line[index] if index < len(line) else "" for index in used] for line in lines[1:]], notes


def _wide_columns(header: Sequence[str]) -> list[tuple[int, int]]:
    """Return the columns of x and y of each landmark, for a header such as OpenFace's x_0, x_1 .. y_0, y_1 ..."""
    found: dict[str, dict[int, int]] = {"x": {}, "y": {}}
    for column, name in enumerate(header):
        one = _WIDE.fullmatch(name.strip().strip('"'))
        if one is not None:
            found[one[1]].setdefault(int(one[2]), column)
    across, down = found["x"], found["y"]
    return [(across[index], down[index]) for index in sorted(across)] if across.keys() == down.keys() else []


def _read_wide(
    source: LandmarkSource, lines: Sequence[Sequence[str]], columns: Sequence[tuple[int, int]]
) -> LandmarkTable:
    """OpenFace's table: a row for each frame of one camera, in the order of the capture's frames."""
    cells = [[row[k] if k < len(row) else "" for pair in columns for k in pair] for row in lines]
    numbers = _numbers(source, cells).reshape(len(lines), -1, 2)
    return LandmarkTable("a row for each frame", _by_frame(source, numbers), _points)


def _is_numbered(lines: Sequence[Sequence[str]]) -> bool:
    """Return whether the first of three or four columns counts the rows."""
    if len(lines) < _MIN_NUMBERED or any(len(line) not in {3, 4} for line in lines):
        return False
    first = [line[0].strip() for line in lines]
    return any(first == [str(index + start) for index in range(len(lines))] for start in (0, 1))


def _camera_of(source: LandmarkSource) -> tuple[str, str]:
    """Return the view of a table, whose name begins with the video's: cam1DLC_resnet50_...csv."""
    if source.view is not None or source.names is None:
        return source.own_view()
    stem = source.path.stem
    starting = [name for name in source.names.cameras if stem.startswith(name)]
    if starting:
        return ANY_FRAME, max(starting, key=len)
    return source.own_view()


def _frame_of(row: Sequence[str], first: int) -> str:
    """Return the frame that a row's index says: its number, or the number in the picture's name."""
    index = "/".join(text.strip() for text in row[:first] if text.strip())
    digits = _DIGITS.search(index.rsplit(".", 1)[0] if "." in index else index)
    return index if digits is None else digits[1]


def _numbers(source: LandmarkSource, lines: Sequence[Sequence[str]]) -> FloatArray:
    """Return (lines, width) numbers; empty cells are NaN.

    Raises:
        DatasetError: If a cell is no number, lines differ in length, or there are too many.
    """
    if len(lines) > MAX_LANDMARKS or len({len(line) for line in lines}) > 1:
        raise DatasetError(source.path, None, f"expected at most {MAX_LANDMARKS} lines of one length")
    try:
        values = [[float(text) if text.strip() else np.nan for text in line] for line in lines]
        return np.array(values).reshape(len(lines), -1)
    except ValueError as error:
        raise DatasetError(source.path, None, f"expected numbers: {error}") from error


def _points(values: object) -> Points:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 2 or numbers.shape[1] not in {2, 3} or len(numbers) > MAX_LANDMARKS:
        raise ValueError(f"expected (L, 2) or (L, 3) numbers with L at most {MAX_LANDMARKS}, found {numbers.shape}")
    return without_origin(points_of(numbers))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


PTS = LandmarkLayout("pts", "iBUG / 300-W .pts: pixels counted from 1", _read_pts)
NPY = LandmarkLayout("npy", "face-alignment .npy, .npz: (L, 2), (L, 3) or (N, L, 2), pixels counted from 0", _read_npy)
TABLE = LandmarkLayout("table", "DeepLabCut / Anipose / OpenFace .csv, and rows of x, y, confidence", _read_table)
