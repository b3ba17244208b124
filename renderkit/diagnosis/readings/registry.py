"""Every reading that is tried. A new one is one entry in one of these tuples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, get_args

from renderkit.diagnosis.readings import extrinsics, intrinsics, lens, pictures
from renderkit.diagnosis.readings.reading import Amiss, Reading, Slot

READINGS: Final[tuple[Reading, ...]] = (
    *pictures.OWNERS,
    *pictures.TURNS,
    *pictures.LANDMARK_ORDER,
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
    *extrinsics.MESH_PLACE,
    *lens.LENSES,
    *intrinsics.CENTERS,
    *intrinsics.FOCALS,
    *intrinsics.SCALES,
    *intrinsics.CROPS,
)

_SLOTS: Final = {one.name: one.slot for one in READINGS}
_ORDER: Final = {slot: index for index, slot in enumerate(get_args(Slot))}
_POSE: Final = frozenset({"direction", "camera axes", "handedness"})
_PICTURE: Final = frozenset({"turn", "landmark order", "landmark unit", "landmark size", "landmark axes"})
_K: Final = frozenset({"scale", "crop"})


def slots_of(names: Iterable[str]) -> frozenset[Slot]:
    """Return what readings change. The comparison of lenses has names of its own."""
    return frozenset(_SLOTS.get(name, "lens") for name in names)


def amiss(names: Iterable[str]) -> tuple[Amiss, ...]:
    """Return what has to be corrected where readings hold."""
    given = set(names)
    found = {one.amiss for one in READINGS if one.name in given}
    # The comparison of lenses has names of its own.
    unknown = given - _SLOTS.keys()
    return tuple(sorted(found | ({"calibration"} if unknown else set())))


def pairs() -> tuple[tuple[Reading, ...], ...]:
    """Return every pair of readings that can hold together, each in the order in which it is applied.

    Readings of the pose do not commute, nor do those of pixels, nor a size and a shift of K: their pairs come in both
    orders.
    """
    return pairs_with(READINGS)


def pairs_with(some: Iterable[Reading]) -> tuple[tuple[Reading, ...], ...]:
    """Return the pairs that have at least one of some readings; see `pairs`."""
    found: dict[tuple[str, str], tuple[Reading, Reading]] = {}
    for first in some:
        for second in READINGS:
            if first.slot == second.slot:
                continue
            a, b = sorted((first, second), key=lambda one: _ORDER[one.slot])
            found[a.name, b.name] = (a, b)
            if not _commute(a.slot, b.slot):
                found[b.name, a.name] = (b, a)
    return tuple(found.values())


def _commute(a: Slot, b: Slot) -> bool:
    both = {a, b}
    return not (both <= _POSE or both <= _PICTURE or both <= _K or ("owner" in both and not both & _MATTE_ONLY))


_MATTE_ONLY: Final = frozenset({"matte", "matte lens"})
