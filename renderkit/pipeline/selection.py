"""Selections of frames and cameras as people type them: "0:10:2", "3,7", "18,25-32"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_SLICE = re.compile(r"(-?\d{1,9})?:(-?\d{1,9})?(?::(-?\d{1,9})?)?")
_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")
_TRAILING_DIGITS = re.compile(r"(\d{1,18})$")
_SHOWN = 12


def select_frames(text: str, frame_ids: Sequence[str]) -> tuple[str, ...]:
    """Read a selection of frames.

    Args:
        text: Comma-separated ids, and slices start:stop:step as Python has them (stop not included). Where all ids are
            whole numbers a slice means ids; elsewhere, or with a negative number in it, it means positions.
        frame_ids: The capture's frames.

    Returns:
        The chosen ids, each once, in the capture's order.

    Raises:
        ValueError: If a part names no frame; the message says which frames there are.
    """
    return _select(text, frame_ids, "frame", _frames_of)


def select_cameras(text: str, camera_names: Sequence[str]) -> tuple[str, ...]:
    """Read a selection of cameras.

    Args:
        text: Comma-separated names, numbers (padded or not: 5 is "05", and "cam05" where no other camera ends in 5)
            and ranges of numbers, both ends included.
        camera_names: The capture's cameras.

    Returns:
        The chosen names, each once, in the capture's order.

    Raises:
        ValueError: If a part names no camera, or more than one; the message says which cameras there are.
    """
    return _select(text, camera_names, "camera", _cameras_of)


def _select(
    text: str, names: Sequence[str], what: str, members: Callable[[str, Sequence[str]], list[str]]
) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError(f"the selection of {what}s {text!r} is empty")
    chosen: set[str] = set()
    for part in parts:
        found = [part] if part in names else members(part, names)
        if not found:
            raise ValueError(f"no {what} matches {part!r}; there are {_listed(names)}")
        chosen.update(found)
    return tuple(name for name in names if name in chosen)


def _frames_of(part: str, frame_ids: Sequence[str]) -> list[str]:
    match = _SLICE.fullmatch(part)
    if match is None:
        number = _whole_number(part)
        return [name for name in frame_ids if number is not None and _whole_number(name) == number]
    start, stop, step = (int(group) if group else None for group in match.groups())
    if step == 0:
        raise ValueError(f"the step of {part!r} is 0")
    numbers = [_whole_number(name) for name in frame_ids]
    positions = None in numbers or any(value is not None and value < 0 for value in (start, stop, step))
    if positions:
        return list(frame_ids)[start:stop:step]
    first = start or 0
    return [
        name
        for name, number in zip(frame_ids, numbers, strict=True)
        if number is not None
        and number >= first
        and (stop is None or number < stop)
        and (number - first) % (step or 1) == 0
    ]


def _cameras_of(part: str, names: Sequence[str]) -> list[str]:
    match = _RANGE.fullmatch(part)
    if match is not None:
        low, high = int(match[1]), int(match[2])
        if low > high:
            raise ValueError(f"the range of cameras {part!r} runs backwards; write {high}-{low}")
        return [name for name in names if (number := _trailing_number(name)) is not None and low <= number <= high]
    if not part.isascii() or not part.isdigit():
        return []
    same = [name for name in names if _whole_number(name) == int(part)]
    same = same or [name for name in names if _trailing_number(name) == int(part)]
    if len(same) > 1:
        raise ValueError(f"{part!r} could be any of the cameras {_listed(same)}; write the whole name")
    return same


def _whole_number(name: str) -> int | None:
    return int(name) if name.isascii() and name.isdigit() and len(name) < 19 else None


def _trailing_number(name: str) -> int | None:
    match = _TRAILING_DIGITS.search(name)
    return None if match is None else int(match[1])


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return ", ".join(names) or "none"
    return f"{', '.join(names[: _SHOWN - 1])} ... {names[-1]} ({len(names)} in all)"
