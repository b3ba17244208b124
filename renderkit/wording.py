"""Words of messages: "1 camera", "a, b and 2 more", "did you mean 'iou'?", "too far right".

What a message says of a camera is what is wrong, as seen in the picture: "its projections lie 2 px too far right". What
has to be added to a number of the calibration is called a correction, and has a sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

MOST_NAMED: Final = 5
"""So many names stand in a message, unless it says otherwise."""

SIDES: Final = (("left", "right"), ("up", "down"))
"""Words for below and above 0, along x and y of the picture."""

_CI_COMMANDS: Final = ("::", "##[", "##vso[")
"""Starts of lines that GitHub and Azure take for commands."""

_ENDINGS_WITH_E: Final = ("s", "sh", "ch", "x")
_IRREGULAR: Final = {"vertex": "vertices", "axis": "axes"}


def printable(text: str) -> str:
    """Return text on one line, characters that do not print replaced; no line of it is a command to a CI server."""
    plain = "".join(character if character.isprintable() else "?" for character in text)
    return f"'{plain}" if plain.lstrip().startswith(_CI_COMMANDS) else plain


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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "did you mean 'iou'? " with the nearest of the known words; "" where none is near."""
    import difflib  # noqa: PLC0415 - only messages about slips need it

    by_lower = {one.lower(): one for one in reversed(list(known))}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=1)
    return f"did you mean {by_lower[near[0]]!r}? " if near else ""


def cameras_off(names: Sequence[str], num_cameras: int) -> str:
    """Return "2 of 9 cameras are off: 3, 4", or "none of 9 cameras is off"."""
    total = counted(num_cameras, "camera")
    if not names:
        return f"none of {total} is off"
    return f"{len(names)} of {total} {'is' if len(names) == 1 else 'are'} off: {', '.join(names)}"


def lies_text(shift_px: tuple[float, float], error_px: tuple[float, float] | None = None) -> str:
    """Return where something lies that should lie elsewhere: "lie 1.20 px too far left and 0.30 px too far up".

    Args:
        shift_px: (dx, dy) where it lies minus where it should lie, px to the right and downwards.
        error_px: Standard errors of both.
    """
    words = []
    for axis, (less, more) in enumerate(SIDES):
        spread = "" if error_px is None else f" +/- {error_px[axis]:.2f}"
        words.append(f"{abs(shift_px[axis]):.2f}{spread} px too far {more if shift_px[axis] > 0.0 else less}")
    return f"lie {' and '.join(words)}"


def turned_text(angle_deg: float, error_deg: float | None = None) -> str:
    """Return how something is turned, clockwise above 0: "turned clockwise by 0.300 +/- 0.004 deg"."""
    spread = "" if error_deg is None else f" +/- {error_deg:.3f}"
    return f"turned {'clockwise' if angle_deg > 0.0 else 'counterclockwise'} by {abs(angle_deg):.3f}{spread} deg"


def too_much(value: float, more: str = "large", less: str = "small") -> str:
    """Return "too large" for a value above 0, else "too small"."""
    return f"too {more if value > 0.0 else less}"


def _plural(noun: str) -> str:
    before, space, last = noun.rpartition(" ")
    return before + space + (_IRREGULAR.get(last) or last + ("es" if last.endswith(_ENDINGS_WITH_E) else "s"))
