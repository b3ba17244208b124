"""Which captures lie at some paths: folders, patterns, list files; told by content through the registry of formats."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from renderkit.dataset.settings import content_key
from renderkit.dataset.survey import Survey
from renderkit.errors import DatasetError
from renderkit.formats import open_capture
from renderkit.formats.opening import is_capture
from renderkit.results.run_folder import safe_name
from renderkit.selection import natural_key
from renderkit.untrusted.files import read_text
from renderkit.untrusted.remote import is_url, local_path, matching

MAX_DEPTH: Final = 8
"""Folders deeper than this below a dataset's root are not looked into."""
_DAY: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True)
class FoundCapture:
    """A capture that belongs to a dataset.

    Attributes:
        id: Its name in the run folder: unique there, and a harmless file name.
        path: What to open.
        subject: Whom it shows: the first folder below the root, else the name up to the first "_".
        day: "2024-05-01" where its path holds a date; else "".
        place: Its path below the folder that all captures share, without a file's suffix: "122/1_neutral".
        failure: Why it cannot be opened; "" where it can.
    """

    id: str
    path: Path
    subject: str
    day: str
    place: str
    failure: str = ""


def is_dataset(path: Path) -> bool:
    """Whether a path is a folder that contains captures and is not a capture itself."""
    if not path.is_dir():
        return False
    look = _look(path)
    return bool(look.failure) and (bool(look.files) or any(_holds_capture(folder, 1) for folder in look.folders))


def _holds_capture(path: Path, depth: int) -> bool:
    """Tell whether there is a capture at or below a folder; the first one, be it damaged, decides."""
    look = _look(path)
    if not look.failure or look.files or look.is_capture:
        return True
    return depth < MAX_DEPTH and any(_holds_capture(folder, depth + 1) for folder in look.folders)


def find_captures(paths: Iterable[str | Path], *, as_given: bool = False) -> tuple[FoundCapture, ...]:
    """Find captures.

    Args:
        paths: Captures, folders of captures, patterns such as "data/*/raw", and "@list.txt" with one of these a line.
        as_given: Take every path for a capture: a camera file is given beside it.

    Returns:
        In natural order of their ids. A path that is neither a capture nor holds any is one with a `failure`.

    Raises:
        DatasetError: If a pattern matches nothing, or a list cannot be read.
    """
    found: dict[Path, tuple[Path, str]] = {}
    wanted = tuple(_expanded(paths))
    for given, below in zip(wanted, [[(path, "")] for path in wanted] if as_given else _look_at(wanted), strict=True):
        for path, failure in below:
            found.setdefault(path, (given.parent if path == given else given, failure))
    # Names start from what was given, not from what was found: one more capture renames no other.
    roots = [root for root, _ in found.values()]
    base = Path(os.path.commonpath(roots)) if roots else Path()
    captures = sorted(
        (_described(path, base, *known) for path, known in found.items()), key=lambda one: natural_key(one.id)
    )
    return tuple(_with_unique_ids(captures))


def _with_unique_ids(captures: Iterable[FoundCapture]) -> Iterator[FoundCapture]:
    taken: set[str] = set()
    for one in captures:
        unique = one if one.id not in taken else replace(one, id=f"{one.id}-{content_key(str(one.path))[:8]}")
        taken.add(unique.id)
        yield unique


def _expanded(paths: Iterable[str | Path]) -> Iterator[Path]:
    for given in paths:
        text = str(given)
        if text.startswith("@"):
            lines = (line.strip() for line in read_text(local_path(text[1:])).splitlines())
            yield from _expanded(line for line in lines if line and not line.startswith("#"))
        elif is_url(text):
            urls = matching(text) if has_magic(text) else (text,)
            if not urls:
                raise DatasetError(text, None, "no file or folder matches this pattern")
            yield from map(local_path, urls)
        elif has_magic(text) and not Path(text).exists():
            matches = sorted(glob(text, recursive=True), key=natural_key)  # noqa: PTH207 - patterns may start at the root
            if not matches:
                raise DatasetError(text, None, "no file or folder matches this pattern")
            yield from map(_absolute, matches)
        else:
            yield _absolute(text)


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(text))  # noqa: PTH100 - without following links


@dataclass(frozen=True)
class _Look:
    """What lies at a path.

    Attributes:
        path: The path.
        failure: Why it is no capture that can be validated; "" if it is one.
        is_capture: Whether it is in a format of whole captures, be it damaged.
        files: Captures among a folder's files, with why they cannot be validated.
        folders: A folder's subfolders, where it is no capture itself.
    """

    path: Path
    failure: str
    is_capture: bool = True
    files: tuple[tuple[Path, str], ...] = ()
    folders: tuple[Path, ...] = ()


def _look_at(paths: Sequence[Path]) -> list[list[tuple[Path, str]]]:
    """Return the captures at and below each path; a path with none, with the reason. Level by level, many at once."""
    looks: dict[Path, _Look] = {}
    with Survey() as survey:
        level = list(paths)
        for _ in range(MAX_DEPTH + 1):
            looks.update((look.path, look) for look in survey.map(_look, level))
            level = [folder for path in level for folder in looks[path].folders if folder not in looks]
    return [_captures_of(path, looks) or [(path, looks[path].failure)] for path in paths]


def _captures_of(path: Path, looks: Mapping[Path, _Look]) -> list[tuple[Path, str]]:
    """Return the capture at a path, or those below it: a folder's files, then its subfolders."""
    look = looks.get(path)
    if look is None:  # too deep
        return []
    if not look.failure:
        return [(path, "")]
    below = [*look.files, *(one for folder in look.folders for one in _captures_of(folder, looks))]
    return below or ([(path, look.failure)] if look.is_capture else [])


def _look(path: Path) -> _Look:
    failure = _why_not(path)
    if not failure:
        return _Look(path, "")
    named = is_capture(path)
    if not path.is_dir():
        return _Look(path, failure, named)
    entries = sorted(_entries(path), key=lambda entry: natural_key(entry.name))
    folders = tuple(entry for entry in entries if entry.is_dir() and not entry.is_symlink())
    return _Look(path, failure, named, tuple(_capture_files(entries)), folders)


def _capture_files(entries: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the captures among files; one of several files (RenderMe-360's halves) once, a damaged one with why."""
    taken: set[Path] = set()
    for path in entries:
        if path.is_file() and path not in taken and is_capture(path):
            yield path, _why_not(path, taken)


def _entries(folder: Path) -> Sequence[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise DatasetError(folder, None, f"the folder cannot be read: {error.strerror}") from error


def _why_not(path: Path, taken: set[Path] | None = None) -> str:
    """Return why a path cannot be validated, "" if it can; the files of its capture are added to `taken`."""
    try:
        with open_capture(path) as capture:
            if taken is not None:
                taken.update(capture.files_read)
            if not capture.frame_ids or not capture.camera_names:
                return "has no frame or no usable camera"
    except (DatasetError, ValueError) as error:
        return str(error)
    return ""


def _described(path: Path, base: Path, root: Path, failure: str) -> FoundCapture:
    name = path.relative_to(base).as_posix()
    below = path.relative_to(root).parts if path.is_relative_to(root) else path.parts[-1:]
    subject = below[0] if len(below) > 1 else path.stem.partition("_")[0]
    day = _DAY.search(name)
    return FoundCapture(
        id=safe_name(name.replace("/", "__")),
        path=path,
        subject=subject,
        day="-".join(day.groups()) if day else "",
        place=name if path.is_dir() else name.removesuffix(path.suffix),
        failure=failure,
    )
