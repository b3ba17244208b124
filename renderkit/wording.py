"""Numbers and lists of names in messages: "1 camera", "3 cameras", "a, b and 2 more"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MOST_NAMED: Final = 5
"""So many names stand in a message, unless it says otherwise."""

_ENDINGS_WITH_E: Final = ("s", "sh", "ch", "x")
_IRREGULAR: Final = {"vertex": "vertices", "axis": "axes"}


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 camera", "0 cameras", "2 more views".

    Args:
        number: How many.
        noun: The noun in the singular, with words before it if there are any.
        plural: The noun in the plural, where it is not known by its ending.
    """
    return f"{number} {noun if number == 1 else plural or _plural(noun)}"


def list_names(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """Return the first names and the count of the others: "a, b and 3 more"; "" for none."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def cameras_off(names: Sequence[str], num_cameras: int) -> str:
    """Return "2 of 9 cameras are off: 3, 4", or "none of 9 cameras is off"."""
    total = counted(num_cameras, "camera")
    if not names:
        return f"none of {total} is off"
    return f"{len(names)} of {total} {'is' if len(names) == 1 else 'are'} off: {', '.join(names)}"


def _plural(noun: str) -> str:
    before, space, last = noun.rpartition(" ")
    return before + space + (_IRREGULAR.get(last) or last + ("es" if last.endswith(_ENDINGS_WITH_E) else "s"))
