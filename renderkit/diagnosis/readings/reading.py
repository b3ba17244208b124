"""What a reading is: one way in which a whole rig's numbers may have to be understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from renderkit.diagnosis.readings.interpretation import Interpretation

Views: TypeAlias = tuple[Interpretation, ...]
Slot: TypeAlias = Literal[
    "size",
    "landmark order",
    "landmark unit",
    "turn",
    "landmark axes",
    "landmark ids",
    "matte",
    "matte lens",
    "direction",
    "camera axes",
    "handedness",
    "unit",
    "world",
    "lens",
    "center",
    "focal",
    "owner",
    "landmark size",
    "scale",
    "crop",
]
"""What a reading changes. Two readings of one slot exclude each other; the order here is the order of application."""


@dataclass(frozen=True)
class Reading:
    """One misreading, undone.

    Attributes:
        name: Short and unique.
        slot: What it changes.
        sentence: What was found, for people; follows "all cameras: ".
        apply: Returns the views read this way, or None where this reading does not apply to them. It may estimate
            numbers (a factor, a crop) from the views.
        num_estimated: How many numbers it estimates.
    """

    name: str
    slot: Slot
    sentence: str
    apply: Callable[[Views], Views | None]
    num_estimated: int = 0


def each(change: Callable[[Interpretation], Interpretation | None]) -> Callable[[Views], Views | None]:
    """Return the reading of a rig that changes every view by itself; None as soon as one view has nothing to change."""

    def apply(views: Views) -> Views | None:
        changed = tuple(change(view) for view in views)
        return None if any(one is None for one in changed) else tuple(one for one in changed if one is not None)

    return apply


def applied(readings: tuple[Reading, ...], views: Views) -> Views:
    """Return the views under readings, those that apply, in this order."""
    for one in readings:
        changed = one.apply(views)
        views = views if changed is None else changed
    return views
