"""Which frame and camera a file is of, by its path: `0.png`, `<frame>/<camera>.png`, `00.png`, `cam1_000012.json`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from renderkit.errors import DatasetError
from renderkit.formats.patterns import ANY_FRAME

MAX_FILES: Final = 2_000_000
"""Folders of more files are refused."""

_MAX_DEPTH = 8
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_SEPARATOR = re.compile(r"[_\-.]")


class ViewNames:
    """The names that files can refer to: a capture's frames and cameras.

    A name is met exactly, or but for leading zeros and upper case: "007", "7" and "00007" are the same, and "Cam_01"
    and "cam_1", where only one name of the capture is so spelled.
    """

    def __init__(self, frames: Sequence[str], cameras: Sequence[str]) -> None:
        self.frames, self.cameras = tuple(frames), tuple(cameras)
        self._frames, self._cameras = _Names(frames), _Names(cameras)

    def frame(self, text: str) -> str | None:
        """Return the frame of that name, or None."""
        return self._frames.find(text)

    def camera(self, text: str) -> str | None:
        """Return the camera of that name, or None."""
        return self._cameras.find(text)

    def of_path(self, stem: str, *, anywhere: bool = False) -> tuple[str, str] | None:
        """Return the (frame, camera) that a file is of; the frame is `ANY_FRAME` where the path names none.

        Args:
            stem: The path relative to the folder that was given, with "/", without suffix.
            anywhere: Whether folders before the names, such as images/, are passed over.
        """
        parts = stem.split("/")
        starts = range(len(parts)) if anywhere else range(1)
        found = (self._of("/".join(parts[start:])) for start in starts)
        return next((each for each in found if each is not None), None)

    def _of(self, text: str) -> tuple[str, str] | None:
        camera = self.camera(text)
        if camera is not None:
            return ANY_FRAME, camera
        for at in [i for i, char in enumerate(text) if char == "/"]:
            found = self._pair(text[:at], text[at + 1 :])
            if found is not None:
                return found
        folder, _, rest = text.partition("/")
        if rest:  # cam1/cam1_000012.png
            found = self._of(rest)
            return found if found and {self.camera(folder), self.frame(folder)} & {*found} else None
        for match in _SEPARATOR.finditer(text):
            found = self._pair(text[: match.start()], text[match.end() :])
            if found is not None:
                return found
        return None

    def _pair(self, first: str, second: str) -> tuple[str, str] | None:
        for frame_text, camera_text in ((first, second), (second, first)):
            frame, camera = self.frame(frame_text), self.camera(camera_text)
            if frame is not None and camera is not None:
                return frame, camera
        return None


class _Names:
    def __init__(self, names: Sequence[str]) -> None:
        self._exact = frozenset(names)
        self._by_spelling: dict[str, list[str]] = {}
        for name in names:
            self._by_spelling.setdefault(_spelling(name), []).append(name)

    def find(self, text: str) -> str | None:
        if text in self._exact:
            return text
        same = self._by_spelling.get(_spelling(text), [])
        return same[0] if len(same) == 1 else None


def walk_files(folder: Path, suffixes: Iterable[str]) -> Iterator[str]:
    """Yield the paths of the files below a folder, relative and with "/", sorted; suffixes in any case.

    Raises:
        DatasetError: If the folder cannot be listed or holds too many files.
    """
    wanted, count = tuple(suffixes), 0
    for place, folders, files in os.walk(folder, onerror=_refuse):
        inside = Path(place).relative_to(folder)
        folders[:] = sorted(folders) if len(inside.parts) < _MAX_DEPTH else []
        count += len(files)
        if count > MAX_FILES:
            raise DatasetError(folder, None, f"holds more than {MAX_FILES} files")
        for name in sorted(files):
            if name.lower().endswith(wanted):
                yield (inside / name).as_posix()


def _refuse(error: OSError) -> None:
    raise DatasetError(error.filename, None, f"the folder cannot be listed: {error.strerror}") from error


def _spelling(text: str) -> str:
    """Return a name in lower case, its numbers without leading zeros."""
    return _LEADING_ZEROS.sub("", text.lower())
