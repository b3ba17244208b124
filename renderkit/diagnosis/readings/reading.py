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


Amiss: TypeAlias = Literal["calibration", "landmarks", "mattes", "mesh", "pictures"]
"""What has to be corrected where a reading holds."""


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
        amiss: What has to be corrected.
    """

    name: str
    slot: Slot
    sentence: str
    apply: Callable[[Views], Views | None]
    num_estimated: int = 0
    amiss: Amiss = "calibration"


def each(
    change: Callable[[Interpretation], Interpretation | None], among: Callable[[Interpretation], bool] = lambda _: True
) -> Callable[[Views], Views | None]:
    """Return the reading of a rig that changes every view by itself.

    Args:
        change: Returns the changed view; None where a view has nothing to change, then the reading does not apply.
        among: Which views have what is changed. The others are left as they are; without any the reading does not
            apply.
    """

    def apply(views: Views) -> Views | None:
        chosen = [among(view) for view in views]
        changed = tuple(change(view) if one else view for view, one in zip(views, chosen, strict=True))
        found = tuple(one for one in changed if one is not None)
        return found if any(chosen) and len(found) == len(views) else None

    return apply


def has_landmarks(view: Interpretation) -> bool:
    """Whether any landmark was detected in a view."""
    return bool(len(view.pixels))


def has_matte(view: Interpretation) -> bool:
    """Whether a view has a matte."""
    return view.matte is not None


def applied(readings: tuple[Reading, ...], views: Views) -> Views:
    """Return the views under readings, those that apply, in this order."""
    for one in readings:
        changed = one.apply(views)
        views = views if changed is None else changed
    return views
