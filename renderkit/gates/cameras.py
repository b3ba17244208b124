"""Which cameras a gate is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

_RANGE = re.compile(r"([0-9]+)-([0-9]+)", re.ASCII)
_MAX_DIGITS = 18


@dataclass(frozen=True)
class CameraChoice:
    """What selectors choose among the cameras of a run.

    Attributes:
        cameras: In the run's order.
        absent: Selectors that match no camera of the run.
    """

    cameras: tuple[str, ...]
    absent: tuple[str, ...]


def choose_cameras(selectors: Sequence[str], available: Iterable[str]) -> CameraChoice:
    """Choose cameras by names, ranges of numbers ("18-32", whatever their padding) and patterns ("front_*").

    A camera's own name wins over its reading as a range or pattern.

    Args:
        selectors: () chooses every camera.
        available: Names of the run's cameras, in order.
    """
    names = tuple(available)
    if not selectors:
        return CameraChoice(names, ())
    known = frozenset(names)
    matched = {selector: frozenset(_matches(selector, names, known)) for selector in dict.fromkeys(selectors)}
    chosen = frozenset[str]().union(*matched.values())
    return CameraChoice(
        tuple(name for name in names if name in chosen),
        tuple(selector for selector, cameras in matched.items() if not cameras),
    )


def _matches(selector: str, names: tuple[str, ...], known: frozenset[str]) -> Iterable[str]:
    if selector in known:
        return (selector,)
    span = _RANGE.fullmatch(selector)
    if span is not None and max(len(span[1]), len(span[2])) <= _MAX_DIGITS:
        first, last = int(span[1]), int(span[2])
        numbered = (name for name in names if name.isascii() and name.isdigit() and len(name) <= _MAX_DIGITS)
        return (name for name in numbered if first <= int(name) <= last)
    return (name for name in names if fnmatchcase(name, selector))
