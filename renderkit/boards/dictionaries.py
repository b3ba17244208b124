"""OpenCV's dictionaries of markers: found by name, by size, and made."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2

from renderkit.selection import shortened
from renderkit.wording import did_you_mean

_PREFIX: Final = "DICT_"


@lru_cache(maxsize=1)
def dictionary_names() -> tuple[str, ...]:
    """Return the names of OpenCV's dictionaries, without the second spelling that some have."""
    names = sorted(name for name in dir(cv2.aruco) if name.startswith(_PREFIX))
    by_value = {getattr(cv2.aruco, name): name for name in names}
    return tuple(sorted(by_value.values()))


def largest_dictionaries() -> tuple[str, ...]:
    """Return the largest dictionary of each family: the smaller ones hold the same markers."""
    largest: dict[str, str] = {}
    for name in dictionary_names():
        stem, _, count = name.rpartition("_")
        family = stem if count.isdecimal() else name
        if family not in largest or len(dictionary(name).bytesList) > len(dictionary(largest[family]).bytesList):
            largest[family] = name
    return tuple(largest.values())


@lru_cache(maxsize=32)
def dictionary(name: str) -> cv2.aruco.Dictionary:
    """Return a dictionary by its name."""
    return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))


def dictionary_for(text: str, num_markers: int) -> str:
    """Return the dictionary that a name means: exact, or the smallest of a family such as DICT_5X5 that is enough.

    Raises:
        ValueError: If there is none, or it has fewer markers than the board needs.
    """
    wanted = text.upper()
    wanted = wanted if wanted.startswith(_PREFIX) else _PREFIX + wanted
    exact = [name for name in dictionary_names() if name.upper() == wanted]
    # The dictionaries of a family hold the same markers, the larger ones more of them.
    family = [name for name in dictionary_names() if name.upper().startswith(f"{wanted}_")]
    family.sort(key=lambda name: len(dictionary(name).bytesList))
    found = exact or family
    if not found:
        hint = did_you_mean(wanted, [name.upper() for name in dictionary_names()])
        raise ValueError(
            f"no dictionary is called {shortened(text)!r}; {hint}there are {', '.join(dictionary_names())}"
        )
    for name in found:
        if len(dictionary(name).bytesList) >= num_markers:
            return name
    has = len(dictionary(found[-1]).bytesList)
    raise ValueError(f"the board has {num_markers} markers, {found[-1]} only {has}")
