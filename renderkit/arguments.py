"""What callers from Python give, looked at where it comes in: a refusal says what was expected and what was found.

What is obviously meant is taken: 25 for the camera "25", one gate for a list of one. Nothing is guessed beyond that.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard, TypeVar

import numpy as np

from renderkit.errors import ArgumentError

PathLike: TypeAlias = str | os.PathLike[str]
Selection: TypeAlias = str | int | Iterable[str | int]
"""Cameras or frames: a selection such as "18,25-32", a name, a number, or several of them."""

_Kind = TypeVar("_Kind")
_SHOWN = 60


def refused(name: str, expected: str, value: object) -> ArgumentError:
    """Return the error about an argument that is something else."""
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN and "\n" not in shown else ""
    kind = type(value).__name__
    return ArgumentError(f"{name}: expected {expected}, got {f'{shown} ({kind})' if shown else kind}")


def as_path(name: str, value: object, or_else: str = "") -> Path:
    """Return a path.

    Args:
        name: What the argument is called.
        value: What was given.
        or_else: What else is taken, for the message.

    Raises:
        ArgumentError: If it is no text and no path, or an empty text.
    """
    if isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        if isinstance(path, str) and path:
            return Path(path)
    raise refused(name, f"a path{or_else}", value)


def as_given_path(name: str, value: object, or_else: str = "") -> str | Path:
    """Return a path or pattern as it was written: a text stays one; see `as_path`."""
    path = as_path(name, value, or_else)
    return value if isinstance(value, str) else path


def as_paths(name: str, value: object) -> list[str | Path]:
    """Return one or several paths as a list; texts stay texts.

    Raises:
        ArgumentError: If it is something else.
    """
    if isinstance(value, str | os.PathLike):
        return [as_given_path(name, value)]
    return [as_given_path(name, one) for one in as_members(name, value, "a path, or several")]


def as_text(name: str, value: object, expected: str = "text") -> str:
    """Return a text.

    Raises:
        ArgumentError: If it is something else.
    """
    if not isinstance(value, str):
        raise refused(name, expected, value)
    return value


def as_texts(name: str, value: object, expected: str = "a text, or several") -> tuple[str, ...]:
    """Return one or several texts.

    Raises:
        ArgumentError: If it is something else.
    """
    if isinstance(value, str):
        return (value,)
    return tuple(as_text(name, one, expected) for one in as_members(name, value, expected))


def as_one_of(name: str, value: _Kind, known: Collection[_Kind]) -> _Kind:
    """Return one of some words.

    Raises:
        ArgumentError: If it is none of them.
    """
    if not isinstance(value, str) or value not in known:
        raise refused(name, f"one of {', '.join(map(repr, known))}", value)
    return value


def as_selection(name: str, value: object) -> str | tuple[str, ...]:
    """Return a selection of cameras or frames, numbers as texts.

    Raises:
        ArgumentError: If it is something else.
    """
    expected = 'a selection such as "18,25-32", a name, a number, or a list of them'
    if isinstance(value, str):
        return value
    several = (value,) if _is_whole(value) else as_members(name, value, expected)
    for one in several:
        if not (isinstance(one, str) or _is_whole(one)):
            raise refused(name, expected, one)
    return tuple(map(str, several))


def as_number(name: str, value: object) -> float:
    """Return a number.

    Raises:
        ArgumentError: If it is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise refused(name, "a number", value)
    return float(value)


def as_whole(name: str, value: object) -> int:
    """Return a whole number.

    Raises:
        ArgumentError: If it is something else.
    """
    if not _is_whole(value):
        raise refused(name, "a whole number", value)
    return int(value)


def as_count(name: str, value: object, least: int = 0) -> int:
    """Return a whole number from `least` on.

    Raises:
        ArgumentError: If it is something else.
    """
    if not _is_whole(value) or int(value) < least:
        raise refused(name, f"a whole number from {least} on", value)
    return int(value)


def as_flag(name: str, value: object) -> bool:
    """Return True or False; 0 and 1 are taken too.

    Raises:
        ArgumentError: If it is something else: a text such as "no" would count as True.
    """
    if isinstance(value, bool | np.bool_) or (_is_whole(value) and int(value) in {0, 1}):
        return bool(value)
    raise refused(name, "True or False", value)


def as_size(name: str, value: object) -> tuple[int, int]:
    """Return (width, height) in px.

    Raises:
        ArgumentError: If it is something else.
    """
    expected = "(width, height) in px"
    pair = tuple(as_members(name, value, expected))
    if len(pair) != 2 or not all(_is_whole(side) and int(side) > 0 for side in pair):
        raise refused(name, expected, value)
    return int(pair[0]), int(pair[1])


def as_kind(name: str, value: object, kind: type[_Kind], how: str = "") -> _Kind:
    """Return an object of a class.

    Args:
        name: What the argument is called.
        value: What was given.
        kind: The class.
        how: How to make one, for the message.

    Raises:
        ArgumentError: If it is something else.
    """
    if isinstance(value, kind):
        return value
    raise (
        refused(name, f"a {kind.__name__}", value)
        if not how
        else ArgumentError(f"{name}: expected a {kind.__name__}, got {type(value).__name__}; make one by {how}")
    )


def as_names(name: str, value: object) -> dict[str, str] | tuple[str, ...]:
    """Return names by names, or names in an order; numbers become texts.

    Raises:
        ArgumentError: If it is something else.
    """
    expected = "names in files by the cameras' names, or a list of them"
    parts = (*value.keys(), *value.values()) if isinstance(value, Mapping) else as_members(name, value, expected)
    for part in parts:
        if not (isinstance(part, str) or _is_whole(part)):
            raise refused(name, expected, part)
    if isinstance(value, Mapping):
        return {str(key): str(label) for key, label in value.items()}
    return tuple(map(str, parts))


def as_callable(name: str, value: _Kind) -> _Kind:
    """Return a function.

    Raises:
        ArgumentError: If it cannot be called.
    """
    if not callable(value):
        raise refused(name, "a function", value)
    return value


def as_members(name: str, value: object, expected: str) -> tuple[Any, ...]:
    """Return the members of a list or of anything else that can be walked over, but for texts and mappings.

    Raises:
        ArgumentError: If it is something else.
    """
    if isinstance(value, str | bytes | os.PathLike | Mapping) or not isinstance(value, Iterable):
        raise refused(name, expected, value)
    return tuple(value)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, Integral) and not isinstance(value, bool)
