"""Where pictures, mattes and meshes lie: patterns such as `images/{frame}/{camera}.jpg`.

`{camera}` and `{frame}` stand for names, `*` for anything within one file or folder name; `.*` at the end of a file's
name stands for one suffix. Names that would leave the folder ("..", an absolute path) match nothing. A camera that has
no file of its exact name has those that differ from it only in upper and lower case, if it is the only camera so
spelled.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TypeAlias

from renderkit.arguments import PathLike
from renderkit.errors import DatasetError

ANY_FRAME = "*"
"""Stands for every frame, where a pattern has no `{frame}`."""

_FIELD = re.compile(r"(\{[^{}]*\}|\*)")


@dataclass(frozen=True)
class PathPattern:
    """A pattern of file paths under a folder.

    Attributes:
        text: The pattern, with `/` between names.
        root: The folder that it is relative to.
        suffixes: Which suffixes a final `.*` stands for, in lower case; any by default.
    """

    text: str
    root: Path
    suffixes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the fields in braces.

        Raises:
            ValueError: If there is one other than `{camera}` and `{frame}`, or the pattern is empty.
        """
        unknown = [token for token in _FIELD.findall(self.text) if token not in {"{camera}", "{frame}", "*"}]
        if unknown:
            raise ValueError(f"pattern {self.text!r}: expected {{camera}}, {{frame}} or *, found {unknown[0]}")
        if not self.text.strip("/"):
            raise ValueError("expected a path pattern, found an empty text")

    @property
    def has_camera(self) -> bool:
        """Whether files differ by camera."""
        return "{camera}" in self.text

    def find_all(self) -> frozenset[Path]:
        """Return the files that are there for any camera, `{camera}` standing for one file or folder name."""
        opened = PathPattern(self.text.replace("{camera}", "*"), self.root, self.suffixes)
        return frozenset(path for _, path in opened._expand("", _Folders(self.suffixes)))

    def find(self, cameras: Mapping[str, str]) -> Mapping[tuple[str, str], Path]:
        """Return the files that are there, by (frame, camera).

        Args:
            cameras: By the name in file paths: the camera's own name. Without `{camera}` all get the same file.

        Returns:
            Paths by (frame, camera); the frame is `ANY_FRAME` without `{frame}`, the camera "" without `{camera}`.

        Raises:
            DatasetError: If `*` matches two files of one camera and frame, or a folder cannot be listed.
        """
        return MappingProxyType(self._find(cameras, _Folders(self.suffixes), exactly=False))

    def _find(self, cameras: Mapping[str, str], folders: _Folders, *, exactly: bool) -> dict[tuple[str, str], Path]:
        inside = {label: camera for label, camera in cameras.items() if is_inside(label)}
        labels = inside if self.has_camera else {"": ""}
        found: dict[tuple[str, str], Path] = {}
        for label, camera in labels.items():
            self._add(found, camera, self._expand(label, folders))
        if exactly or len({camera for _, camera in found}) == len(labels):
            return found
        have, taken = {camera for _, camera in found}, set(found.values())
        spellings = Counter(label.casefold() for label in labels)
        for label, camera in labels.items():
            if camera not in have and spellings[label.casefold()] == 1:
                files = self._expand(label, folders, any_case=True)
                self._add(found, camera, [one for one in files if one[1] not in taken])
        return found

    def _add(self, found: dict[tuple[str, str], Path], camera: str, files: Iterable[tuple[str, Path]]) -> None:
        for frame, path in files:
            known = found.setdefault((frame, camera), path)
            if known != path:
                why = f"{self.text!r} matches two files of one picture: {known} and {path}"
                raise DatasetError(self.root, None, why)

    def _expand(self, label: str, folders: _Folders, *, any_case: bool = False) -> list[tuple[str, Path]]:
        """Return (frame, path) of the files of one camera."""
        given = PurePosixPath(self.text)
        flags = re.DOTALL | (re.IGNORECASE if any_case else re.NOFLAG)
        names = [each for part in given.parts if part != given.anchor for each in _names(part, label, flags)]
        places: list[tuple[str, Path]] = [(ANY_FRAME, Path(given.anchor) if given.is_absolute() else self.root)]
        for depth, name in enumerate(names, 1):
            places = [
                (bound, path)
                for frame, folder in places
                for bound, path in folders.matching(folder, name, frame, files=depth == len(names), any_case=any_case)
            ]
        return places


def best_pattern(
    root: Path,
    patterns: Iterable[str],
    cameras: Mapping[str, str],
    suffixes: tuple[str, ...],
    but: frozenset[Path] = frozenset(),
) -> str | None:
    """Return the pattern that has files for the most cameras, the first of equals; None if none has any.

    Upper and lower case count, unless no pattern has a file then.

    Args:
        root: The folder that patterns are relative to.
        patterns: Patterns, in the order of preference.
        cameras: By the name in file paths: the camera's own name.
        suffixes: Which suffixes a final `.*` stands for.
        but: Files that are something else: a pattern that matches one of them does not fit.

    Raises:
        DatasetError: If the only pattern that fits matches two files of one picture.
    """
    texts, folders = tuple(patterns), _Folders(suffixes)
    best, most, ambiguous = None, 0, None
    for exactly in (True, False):
        for text in texts:
            pattern = PathPattern(text, root, suffixes)
            try:
                found = pattern._find(cameras, folders, exactly=exactly)
            except DatasetError as error:
                ambiguous = ambiguous or error
                continue
            count = 0 if not but.isdisjoint(found.values()) else len({camera for _, camera in found})
            if count > most:
                best, most = text, count
            if most == len(cameras):
                return best
        if best is not None:
            return best
    if ambiguous is not None:
        raise ambiguous
    return None


def anchored(text: str, root: Path) -> str:
    """Return a path or pattern relative to `root`, made absolute where only the working folder has its beginning."""
    fixed = _fixed_part(text)
    if fixed == Path() or (root / fixed).exists() or not fixed.exists():
        return text
    return (Path.cwd() / text).as_posix()


def folder_of(capture: Path) -> Path:
    """Return the folder that a capture's file lies in, or the capture where it is a folder."""
    return capture if capture.is_dir() else capture.parent


def placed(given: PathLike, folders: Iterable[Path]) -> str:
    """Return a path or pattern below the first folder that has what is fixed of it; as it is if none has."""
    text = Path(given).as_posix()
    fixed = _fixed_part(text)
    folder = next((one for one in folders if (one / fixed).exists()), Path())
    return (folder / text).as_posix()


def _fixed_part(text: str) -> Path:
    """Return the folders of a pattern above the first name that varies; all of a path without such a name."""
    return Path(*takewhile(lambda part: not _FIELD.search(part), PurePosixPath(text).parts))


def is_inside(name: str) -> bool:
    """Return whether a name, used as a relative path, stays below the folder that it starts from."""
    parts = name.split("/")
    return "\0" not in name and "\\" not in name and not any(part in {"", ".", ".."} for part in parts)


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names sorted as people count: 2 before 10."""
    return tuple(
        sorted(
            names,
            key=lambda name: [
                (not word.isdecimal(), int(word) if word.isdecimal() else 0, word)
                for word in re.split(r"(\d+)", name, flags=re.ASCII)
            ],
        )
    )


def _names(part: str, label: str, flags: re.RegexFlag) -> list[_Name]:
    """Return what one part of a pattern stands for, name by name: a text, or an expression where it is open.

    A camera's name may hold "/", as COLMAP's image names do: it becomes folders. Braces and stars in it are plain text.
    """
    any_suffix = part.endswith(".*")
    texts, expressions = [""], [""]
    for piece in _FIELD.split(part.removesuffix(".*") if any_suffix else part):
        if piece in {"{frame}", "*"}:
            repeated = "(?P<frame>" in expressions[-1]
            open_name = r".*" if piece == "*" else r"(?P=frame)" if repeated else r"(?P<frame>.+)"
            texts[-1], expressions[-1] = "", expressions[-1] + open_name
            continue
        first, *others = label.split("/") if piece == "{camera}" else [piece]
        texts[-1], expressions[-1] = texts[-1] + first, expressions[-1] + re.escape(first)
        texts += others
        expressions += [re.escape(other) for other in others]
    plain = [re.escape(text) == expression for text, expression in zip(texts, expressions, strict=True)]
    names: list[_Name] = [
        text if is_plain else re.compile(expression, flags)
        for text, expression, is_plain in zip(texts, expressions, plain, strict=True)
    ]
    if any_suffix:
        names[-1] = _Stem(texts[-1]) if plain[-1] else re.compile(expressions[-1] + r"\.[^.]+", flags)
    return names


@dataclass(frozen=True)
class _Stem:
    """A file's name without its suffix, which may be any."""

    text: str


_Name: TypeAlias = str | re.Pattern[str] | _Stem


class _Folders:
    """Listings of folders, each read once."""

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self._suffixes = suffixes
        self._known: dict[Path, dict[str, bool]] = {}
        self._stems: dict[tuple[Path, bool], dict[str, list[str]]] = {}
        self._folded: dict[Path, dict[str, list[str]]] = {}

    def matching(
        self, folder: Path, expression: _Name, frame: str, *, files: bool, any_case: bool
    ) -> list[tuple[str, Path]]:
        """Return (frame, path) of the entries of a folder that an expression matches."""
        if isinstance(expression, _Stem):
            text = expression.text.casefold() if any_case else expression.text
            return [(frame, folder / name) for name in self._by_stem(folder, any_case=any_case).get(text, ())]
        if isinstance(expression, str) and expression == "..":  # of the pattern itself, for no name has it
            return [(frame, folder / expression)]
        entries = self._listed(folder)
        if isinstance(expression, str):
            same = self._by_folded(folder).get(expression.casefold(), ()) if any_case else (expression,)
            return [(frame, folder / name) for name in same if entries.get(name) is files]
        found = []
        for name, is_file in entries.items():
            match = expression.fullmatch(name)
            if match is None or is_file is not files or (files and not self._is_wanted(name)):
                continue
            bound = match.groupdict().get("frame") or frame
            if frame in {ANY_FRAME, bound}:  # a second {frame} must be the same
                found.append((bound, folder / name))
        return found

    def _is_wanted(self, name: str) -> bool:
        return not self._suffixes or name.lower().endswith(self._suffixes)

    def _by_stem(self, folder: Path, *, any_case: bool) -> dict[str, list[str]]:
        if (folder, any_case) not in self._stems:
            stems: dict[str, list[str]] = {}
            for name, is_file in self._listed(folder).items():
                if is_file and self._is_wanted(name):
                    stem = name.rpartition(".")[0]
                    stems.setdefault(stem.casefold() if any_case else stem, []).append(name)
            self._stems[folder, any_case] = stems
        return self._stems[folder, any_case]

    def _by_folded(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._folded:
            folded: dict[str, list[str]] = {}
            for name in self._listed(folder):
                folded.setdefault(name.casefold(), []).append(name)
            self._folded[folder] = folded
        return self._folded[folder]

    def _listed(self, folder: Path) -> dict[str, bool]:
        """Return by name whether an entry is a file (True) or a folder (False)."""
        if folder not in self._known:
            try:
                with os.scandir(folder) as entries:
                    listed = {entry.name: entry.is_file() for entry in entries if entry.is_file() or entry.is_dir()}
            except (FileNotFoundError, NotADirectoryError):
                listed = {}
            except OSError as error:
                raise DatasetError(folder, None, f"the folder cannot be listed: {error.strerror}") from error
            self._known[folder] = dict(sorted(listed.items()))
        return self._known[folder]
