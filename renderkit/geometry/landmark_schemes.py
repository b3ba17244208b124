"""Landmark schemes and the maps between them.

"renderme106" and "renderme73" are RenderMe-360's 2D and 3D landmarks, "ibug68" the 68 points of the 300-W challenge
(Sagonas et al. 2013), "ibug51" its inner points without the 17 of the jaw. "openpose_face70" are those 68 and the two
pupils (OpenPose, doc/02_output.md), "mediapipe468" the vertices of MediaPipe's face mesh, "mediapipe478" the same with
the 10 points of the irises after them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.arrays import as_array, frozen
from renderkit.geometry.landmarks import Landmarks

IndexArray: TypeAlias = NDArray[np.int64]

CONTOUR_106 = 33
"""Points of the face contour, which come first in renderme106 and are absent from renderme73."""
JAW_68 = 17
"""Points of the jaw line, which come first in ibug68 and are absent from ibug51."""

NUM_LANDMARKS: Final = {
    "renderme106": 106,
    "renderme73": 73,
    "ibug68": 68,
    "ibug51": 51,
    "openpose_face70": 70,
    "mediapipe468": 468,
    "mediapipe478": 478,
}

_BY_COUNT: Final = ("ibug68", "ibug51", "openpose_face70", "mediapipe468", "mediapipe478")
"""Schemes that a list without a name is known by; other counts are shared by several."""

_CONTOUR_FIRST = "RenderMe-360's 3D landmark j is its 2D landmark j + 33 (contour first); check_landmark_map tests it"
_COMMON_106 = "RenderMe-360's 106 points follow the common 106-point layout (33 contour, brows, nose, eyes, lips)"

# ibug51 k -> renderme106, in the common 106-point layout: five upper-brow points each, nose bridge and base, eyes
# without their middle points, outer then inner lips.
_106_OF_51: Final = (
    *range(33, 38), *range(38, 43), *range(43, 47), *range(47, 52), *range(52, 58), *range(58, 64), *range(84, 104),
)  # fmt: skip

_MAPPED: Final = (
    ("ibug51", "ibug68", "openpose_face70", "renderme106", "renderme73"),
    ("mediapipe468", "mediapipe478"),
)
"""Schemes with maps between each other."""

_OUTER_EYE_CORNERS: Final = {
    "ibug68": (36, 45),
    "openpose_face70": (36, 45),
    "ibug51": (36 - JAW_68, 45 - JAW_68),
    "renderme106": (52, 61),
    "renderme73": (52 - CONTOUR_106, 61 - CONTOUR_106),
}


@dataclass(frozen=True, eq=False)
class LandmarkMap:
    """Which landmarks two schemes have in common.

    Attributes:
        first: (P,) indices into the first set.
        second: (P,) indices into the second set, the same points in the same order.
        assumption: What is taken for granted without documentation, for the report; empty when nothing is.
    """

    first: IndexArray
    second: IndexArray
    assumption: str = ""

    def __post_init__(self) -> None:
        """Check and freeze.

        Raises:
            ValueError: If the two index arrays are not of one length.
        """
        first = as_array(self.first, np.int64, (None,), "first")
        object.__setattr__(self, "first", frozen(first))
        object.__setattr__(self, "second", frozen(as_array(self.second, np.int64, (len(first),), "second")))

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.first)

    @property
    def swapped(self) -> LandmarkMap:
        """The same pairs the other way round."""
        return LandmarkMap(self.second, self.first, self.assumption)


def common_landmarks(first: Landmarks, second: Landmarks) -> LandmarkMap:
    """Pair the landmarks that two sets have in common, whether valid or not.

    Raises:
        ValueError: If no map between the two schemes is known, or a set has the wrong number of points for its scheme.
    """
    return _paired(first.scheme, len(first), second.scheme, len(second))


@lru_cache(maxsize=64)
def _paired(first: str, first_count: int, second: str, second_count: int) -> LandmarkMap:
    for scheme, count in ((first, first_count), (second, second_count)):
        expected = NUM_LANDMARKS.get(scheme)
        if expected is not None and count != expected:
            raise ValueError(f"landmarks of scheme {scheme!r}: expected {expected}, got {count}")
    if first == second:
        if first_count != second_count:
            raise ValueError(f"two sets of scheme {first!r} have {first_count} and {second_count} landmarks")
        return LandmarkMap(np.arange(first_count), np.arange(first_count))
    known = _known_pairs()
    if (first, second) in known:
        return known[first, second]
    if (second, first) in known:
        return known[second, first].swapped
    raise ValueError(
        f"no map is known between the landmark schemes {first!r} and {second!r}; "
        f"maps exist between {' and '.join(', '.join(group) for group in _MAPPED)}, and from any scheme to itself"
    )


def scheme_of_count(count: int) -> str:
    """Return the scheme of a list of landmarks that states none, by their number; "points<n>" where that says nothing.

    >>> scheme_of_count(68), scheme_of_count(12)
    ('ibug68', 'points12')
    """
    return next((name for name in _BY_COUNT if NUM_LANDMARKS[name] == count), f"points{count}")


def outer_eye_corners(scheme: str) -> tuple[int, int] | None:
    """Return the indices of the two outer eye corners, whose distance normalises NME; None for other schemes."""
    return _OUTER_EYE_CORNERS.get(scheme)


def _known_pairs() -> dict[tuple[str, str], LandmarkMap]:
    inner = np.array(_106_OF_51)
    count = np.arange(51)
    both = f"{_CONTOUR_FIRST}; {_COMMON_106}"
    return {
        ("ibug68", "ibug51"): LandmarkMap(count + JAW_68, count),
        ("renderme106", "renderme73"): LandmarkMap(np.arange(73) + CONTOUR_106, np.arange(73), _CONTOUR_FIRST),
        ("renderme106", "ibug51"): LandmarkMap(inner, count, _COMMON_106),
        ("renderme106", "ibug68"): LandmarkMap(inner, count + JAW_68, _COMMON_106),
        ("renderme73", "ibug51"): LandmarkMap(inner - CONTOUR_106, count, both),
        ("renderme73", "ibug68"): LandmarkMap(inner - CONTOUR_106, count + JAW_68, both),
        ("openpose_face70", "ibug68"): LandmarkMap(np.arange(68), np.arange(68)),
        ("openpose_face70", "ibug51"): LandmarkMap(count + JAW_68, count),
        ("renderme106", "openpose_face70"): LandmarkMap(inner, count + JAW_68, _COMMON_106),
        ("renderme73", "openpose_face70"): LandmarkMap(inner - CONTOUR_106, count + JAW_68, both),
        ("mediapipe478", "mediapipe468"): LandmarkMap(np.arange(468), np.arange(468)),
    }
