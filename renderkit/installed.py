"""Which packages are installed: their versions, and the entry points by which they extend this one.

The answers are those of `importlib.metadata`, taken from the names of the metadata folders on the module search path.
To load that module, and the parser of mail headers with which it reads a version, takes a fiftieth of a short run.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_SUFFIX = ".dist-info"
_OTHER_FORMS = (".egg-info", ".egg", ".egg-link")


def version_of(package: str) -> str | None:
    """Return the version of an installed package without loading it; None where it is not installed."""
    folders = _metadata_folders()
    if folders is not None:
        folder = folders.get(_normalised(package))
        return None if folder is None else folder.name.removesuffix(_SUFFIX).partition("-")[2]
    from importlib import metadata  # noqa: PLC0415 - see above

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def entry_points_of(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group that installed packages have."""
    folders = _metadata_folders()
    if folders is not None and not any(_names(folder, group) for folder in folders.values()):
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415 - see above

    return tuple(entry_points(group=group))


def _metadata_folders() -> Mapping[str, Path] | None:
    """Return the metadata folder of each package by its normalised name; None where some are installed otherwise."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return None
    return _folders_on(tuple(sys.path))


@lru_cache(maxsize=1)
def _folders_on(search_path: tuple[str, ...]) -> Mapping[str, Path] | None:
    found: dict[str, Path] = {}
    for place in search_path:
        try:
            with os.scandir(place or ".") as entries:
                names = [entry.name for entry in entries]
        except FileNotFoundError:
            continue
        except OSError:  # an archive
            return None
        if any(name.endswith(_OTHER_FORMS) for name in names):
            return None
        for name in names:
            if name.endswith(_SUFFIX):
                found.setdefault(_normalised(name.partition("-")[0]), Path(place, name))
    return found


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _names(folder: Path, group: str) -> bool:
    """Whether a package's entry points may have the group."""
    try:
        return group.encode() in (folder / "entry_points.txt").read_bytes()
    except FileNotFoundError:
        return False
