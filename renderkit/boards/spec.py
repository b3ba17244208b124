"""Reads what a board is: from `charuco:11x8:0.020:0.015:DICT_5X5`, a TOML file, or a Kalibr target file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from renderkit.boards.board import MAX_SIDE, Board, BoardKind
from renderkit.boards.dictionaries import dictionary_for
from renderkit.errors import ArgumentError, DatasetError
from renderkit.selection import shortened
from renderkit.untrusted.content import mapping_at
from renderkit.untrusted.files import read_text
from renderkit.untrusted.toml_text import parse_toml
from renderkit.untrusted.yaml_text import parse_yaml
from renderkit.wording import counted, did_you_mean

FORMS: Final = MappingProxyType(
    {
        "charuco": "charuco:COLUMNSxROWS:SQUARE:MARKER:DICTIONARY, squares; such as charuco:11x8:0.020:0.015:DICT_5X5",
        "chessboard": "chessboard:COLUMNSxROWS:SQUARE, inner corners; such as chessboard:9x6:0.0245",
        "aprilgrid": "aprilgrid:COLUMNSxROWS:TAG:GAP[:FAMILY], the gap as a share of the tag; such as "
        "aprilgrid:6x6:0.088:0.3",
        "circles": "circles:COLUMNSxROWS:SPACING[:asymmetric]; such as circles:4x11:0.02:asymmetric",
    }
)
"""How each kind of board is written; lengths are metres."""

MAX_BYTES: Final = 1 << 20
"""Board files above this size are refused."""

_DEFAULT_FAMILY: Final = "DICT_APRILTAG_36h11"
_KALIBR_KINDS: Final = {"aprilgrid": "aprilgrid", "checkerboard": "chessboard", "circlegrid": "circles"}
_NUMBER = re.compile(r"[0-9.eE+-]{1,32}")
_WHOLE = re.compile(r"[0-9]{1,4}")


def read_board(text: str | Path) -> Board:
    """Return the board that a spec or a file describes.

    Args:
        text: A spec such as "chessboard:9x6:0.0245", or a file: TOML with a table `board`, or a Kalibr target (YAML).

    Raises:
        ArgumentError: If a spec is none; the message has the form of that kind of board.
        DatasetError: If a file cannot be read as a board.

    Example:
        >>> from renderkit.boards.spec import read_board
        >>> read_board("charuco:11x8:0.020:0.015:DICT_5X5").dictionary
        'DICT_5X5_50'
    """
    path = Path(text)
    if path.suffix.lower() in {".toml", ".yaml", ".yml"}:
        return _read_file(path)
    kind, *parts = str(text).strip().split(":")
    read = _READERS.get(kind)
    if read is None:
        hint = did_you_mean(kind, FORMS)
        raise ArgumentError(
            f"board {shortened(str(text))!r}: {hint}expected one of {', '.join(FORMS)}, or a .toml or .yaml file"
        )
    try:
        return read(parts)
    except ValueError as error:
        raise ArgumentError(f"board {shortened(str(text))!r}: {error}; expected {FORMS[kind]}") from error


def _charuco(parts: list[str]) -> Board:
    _check_count(parts, 4, 4)
    columns, rows = _sides(parts[0], 2)
    square, marker = _length(parts[1], "the square"), _length(parts[2], "the marker")
    if marker >= square:
        raise ValueError(f"the marker of {marker:g} m does not fit into a square of {square:g} m")
    return Board("charuco", columns, rows, square, marker, dictionary_for(parts[3], columns * rows // 2))


def _chessboard(parts: list[str]) -> Board:
    _check_count(parts, 2, 2)
    return Board("chessboard", *_sides(parts[0], 3), _length(parts[1], "the square"))


def _aprilgrid(parts: list[str]) -> Board:
    _check_count(parts, 3, 4)
    columns, rows = _sides(parts[0], 1)
    tag, gap = _length(parts[1], "the tag"), _length(parts[2], "the gap")
    if not 0.0 < gap < 10.0:
        raise ValueError(f"the gap of {gap:g} tags is none")
    family = dictionary_for(parts[3] if len(parts) == 4 else _DEFAULT_FAMILY, columns * rows)
    return Board("aprilgrid", columns, rows, tag, gap, family)


def _circles(parts: list[str]) -> Board:
    _check_count(parts, 2, 3)
    if len(parts) == 3 and parts[2] not in {"asymmetric", "symmetric"}:
        raise ValueError(f"{shortened(parts[2])!r} is neither asymmetric nor symmetric")
    asymmetric = len(parts) == 3 and parts[2] == "asymmetric"
    return Board("circles", *_sides(parts[0], 2), _length(parts[1], "the spacing"), asymmetric=asymmetric)


_READERS: Final[Mapping[str, Callable[[list[str]], Board]]] = MappingProxyType(
    {"charuco": _charuco, "chessboard": _chessboard, "aprilgrid": _aprilgrid, "circles": _circles}
)


def _check_count(parts: list[str], least: int, most: int) -> None:
    if not least <= len(parts) <= most:
        raise ValueError(f"it has {counted(len(parts), 'part')} after its kind")


def _sides(text: str, least: int) -> tuple[int, int]:
    columns, _, rows = text.lower().partition("x")
    if not (_WHOLE.fullmatch(columns) and _WHOLE.fullmatch(rows)):
        raise ValueError(f"{shortened(text)!r} is no COLUMNSxROWS")
    sides = int(columns), int(rows)
    if not all(least <= side <= MAX_SIDE for side in sides):
        raise ValueError(f"{sides[0]} x {sides[1]} is not within {least} and {MAX_SIDE} a side")
    return sides


def _length(text: str, what: str) -> float:
    try:
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise ValueError(f"{what}: {shortened(text)!r} is no length above 0")
    return value


def _read_file(path: Path) -> Board:
    text = read_text(path, MAX_BYTES)
    if path.suffix.lower() == ".toml":
        parts, kind = _toml_parts(mapping_at(parse_toml(path, text).get("board"), path, "board"), path)
    else:
        parts, kind = _kalibr_parts(mapping_at(parse_yaml(path, text), path, None), path)
    try:
        return _READERS[kind](parts)
    except ValueError as error:
        raise DatasetError(path, None, f"no board: {error}") from error


def _toml_parts(entries: Mapping[str, Any], path: Path) -> tuple[list[str], BoardKind]:
    """Return the parts of a table such as `kind = "charuco"`, `columns`, `rows`, `square`, `marker`, `dictionary`."""
    kind = entries.get("kind")
    names: dict[BoardKind, tuple[str, ...]] = {
        "charuco": ("square", "marker", "dictionary"),
        "chessboard": ("square",),
        "aprilgrid": ("tag", "gap", "family"),
        "circles": ("spacing", "layout"),
    }
    for known, fields in names.items():
        if kind == known:
            parts = [_sides_at(entries, "columns", "rows", path)]
            optional = {"family", "layout"}
            parts += [_text_at(entries, name, path) for name in fields if name in entries or name not in optional]
            unknown = sorted(set(entries) - {"kind", "columns", "rows", *fields})
            if unknown:
                raise DatasetError(path, f"board.{unknown[0]}", f"no such key; a {kind} has {', '.join(fields)}")
            return parts, known
    raise DatasetError(path, "board.kind", f"expected one of {', '.join(names)}, found {shortened(str(kind))!r}")


def _kalibr_parts(entries: Mapping[str, Any], path: Path) -> tuple[list[str], BoardKind]:
    """Return the parts of a Kalibr target; see github.com/ethz-asl/kalibr/wiki/calibration-targets."""
    kind = entries.get("target_type")
    if kind == "aprilgrid":
        parts = [_sides_at(entries, "tagCols", "tagRows", path)]
        return [*parts, _text_at(entries, "tagSize", path), _text_at(entries, "tagSpacing", path)], "aprilgrid"
    if kind == "checkerboard":
        step, other = (_text_at(entries, name, path) for name in ("colSpacingMeters", "rowSpacingMeters"))
        if step != other:
            raise DatasetError(path, "rowSpacingMeters", f"rows {other} m and columns {step} m apart: expected squares")
        return [_sides_at(entries, "targetCols", "targetRows", path), step], "chessboard"
    if kind == "circlegrid":
        layout = "asymmetric" if entries.get("asymmetricGrid") in {True, "True", "true"} else "symmetric"
        parts = [_sides_at(entries, "targetCols", "targetRows", path)]
        return [*parts, _text_at(entries, "spacingMeters", path), layout], "circles"
    found = shortened(str(kind))
    raise DatasetError(path, "target_type", f"expected one of {', '.join(_KALIBR_KINDS)}, found {found!r}")


def _sides_at(entries: Mapping[str, Any], columns: str, rows: str, path: Path) -> str:
    return f"{_text_at(entries, columns, path)}x{_text_at(entries, rows, path)}"


def _text_at(entries: Mapping[str, Any], name: str, path: Path) -> str:
    if name not in entries:
        raise DatasetError(path, name, f"the key is missing; present: {', '.join(map(str, list(entries)[:8]))}")
    value = entries[name]
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise DatasetError(path, name, f"expected a number or a name, found {type(value).__name__}")
    return str(value)
