"""Every reading that is tried. A new one is one entry in one of these tuples."""

from __future__ import annotations

from typing import Final, get_args

from renderkit.diagnose.readings import extrinsics, intrinsics, lens, pictures
from renderkit.diagnose.readings.reading import Reading, Slot

READINGS: Final[tuple[Reading, ...]] = (
    *pictures.OWNERS,
    *pictures.TURNS,
    *pictures.LANDMARK_UNITS,
    *pictures.LANDMARK_AXES,
    *pictures.LANDMARK_IDS,
    *pictures.MATTES,
    *intrinsics.SIZES,
    *extrinsics.DIRECTIONS,
    *extrinsics.CAMERA_AXES,
    *extrinsics.HANDEDNESS,
    *extrinsics.UNITS,
    *extrinsics.WORLD_AXES,
    *lens.LENSES,
    *intrinsics.CENTERS,
    *intrinsics.FOCALS,
    *intrinsics.SCALES,
    *intrinsics.CROPS,
)

_ORDER: Final = {slot: index for index, slot in enumerate(get_args(Slot))}
_BOTH_ORDERS: Final = frozenset({"direction", "camera axes", "handedness"})


def pairs() -> tuple[tuple[Reading, Reading], ...]:
    """Return every pair of readings that can hold together, each in the order in which it is applied.

    Readings of the pose do not commute, so their pairs come in both orders.
    """
    found = []
    for i, first in enumerate(READINGS):
        for second in READINGS[i + 1 :]:
            if first.slot == second.slot:
                continue
            a, b = sorted((first, second), key=lambda one: _ORDER[one.slot])
            found.append((a, b))
            if {a.slot, b.slot} <= _BOTH_ORDERS:
                found.append((b, a))
    return tuple(found)
