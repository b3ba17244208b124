"""Camera names in formats that know only picture files, and the other way round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from renderkit.errors import DatasetError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".exr")


def names_from_pictures(files: Sequence[str]) -> tuple[str, ...]:
    """Return camera names for picture files: without the folder "images" and the suffix, where that stays unique."""
    short = [
        without_picture_suffix(file.replace("\\", "/").removeprefix("./").removeprefix("images/")) for file in files
    ]
    if len(set(short)) == len(short) and all(short):
        return tuple(short)
    return tuple(files)


def picture_from_name(name: str, suffix: str) -> str:
    """Return the picture file that a camera's name stands for."""
    return name if without_picture_suffix(name) != name else name + suffix


def require_tokens(names: Iterable[str], path: Path, forbidden: str, format_name: str) -> None:
    """Refuse names that a text format cannot carry.

    Raises:
        DatasetError: Naming the first camera whose name is empty or has white space or a character of `forbidden`.
    """
    for name in names:
        if not name or any(character.isspace() or character in forbidden for character in name):
            found = (
                f"{format_name} cannot carry the camera name {name!r} (empty, or white space or one of {forbidden!r})"
            )
            raise DatasetError(path, name, f"{found}; rename the camera")


def integer_names(names: Sequence[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return whole numbers for any names, and a note where they had to be renumbered by order."""
    if all(name.isascii() and name.isdigit() and str(int(name)) == name for name in names):
        return tuple(int(name) for name in names), ()
    first, last = names[0], names[-1]
    note = f"the format numbers its cameras: they are written 0 ({first}) to {len(names) - 1} ({last}), in order"
    return tuple(range(len(names))), (note,)


def without_picture_suffix(name: str) -> str:
    """Return a picture's name without its suffix; any other name as it is."""
    for suffix in PICTURE_SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name
