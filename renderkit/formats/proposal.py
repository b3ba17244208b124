"""What `renderkit init` proposes: the cameras of a folder, wherever they are in it, and patterns for the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.formats.capture_toml import NAME as CAPTURE_TOML
from renderkit.formats.folder import FolderCapture, FolderParts
from renderkit.formats.format import Format
from renderkit.formats.registry import CAMERA_SUFFIXES, locate_format
from renderkit.formats.scene import open_scene
from renderkit.untrusted.content import Content

MAX_DEPTH = 3
"""Folders below the scene in which a camera file is looked for."""

MAX_FILES = 2000
"""Files that are looked into before the search is given up."""


def propose_capture(given: FolderParts, *, search: bool) -> FolderCapture:
    """Open the cameras of a folder with the patterns that fit.

    Args:
        given: What is known already; `rig` is the camera file, or the folder to search.
        search: Whether to look for the cameras in the folders below `rig`.

    Raises:
        DatasetError: If the folder has no camera file, more than one, or no pictures.
        ValueError: If a given pattern is malformed.
    """
    chosen, content = _only(given.rig) if search else locate_format(given.rig, given.format, but=CAPTURE_TOML)
    if chosen.open_capture is not None:
        why = f"is a {chosen.title}: the commands open it as it is, without {given.root.name}/capture.toml"
        raise DatasetError(given.rig, None, why)
    return open_scene(chosen, content, given)


def _only(folder: Path) -> tuple[Format, Content]:
    """Return the cameras of a folder: its own, else the only ones below it.

    Raises:
        DatasetError: If there are none, or several.
    """
    try:
        return locate_format(folder, but=CAPTURE_TOML)
    except DatasetError as error:
        if not folder.is_dir():
            raise
        found: dict[str, tuple[Format, Content]] = {}
        for place in _below(folder):
            known = _known(place)
            # A model of several files is a folder: its files lead to the same cameras.
            if known is not None and not any(place.is_relative_to(one[1].path) for one in found.values()):
                found[place.relative_to(folder).as_posix()] = known
        if len(found) == 1:
            return next(iter(found.values()))
        if not found:
            why = f"no camera file in it, {MAX_DEPTH} folders deep: {error.why}"
            raise DatasetError(folder, None, why) from error
        names = ", ".join(f"{name} ({one.title})" for name, (one, _) in list(found.items())[:8])
        raise DatasetError(folder, None, f"several camera files: {names}; name one with --rig FILE") from error


def _known(place: Path) -> tuple[Format, Content] | None:
    try:
        return locate_format(place, but=CAPTURE_TOML)
    except DatasetError:
        return None  # not a camera file, or a damaged one: `inspect` on it says what


def _below(folder: Path) -> Iterator[Path]:
    """Yield the folders and possible camera files below a folder, nearest first, bounded in number and depth."""
    left, level = MAX_FILES, [folder]
    for _ in range(MAX_DEPTH):
        below: list[Path] = []
        for place in level:
            with os.scandir(place) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            for entry in listed:
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    below.append(Path(entry.path))
                    yield Path(entry.path)
                elif entry.is_file() and Path(entry.name).suffix.lower() in CAMERA_SUFFIXES:
                    left -= 1
                    yield Path(entry.path)
                if left <= 0:
                    return
        level = below
