"""Detections on disk: found again by the picture's bytes, the board and the program that detected.

A file begins with a digest over its content and name. What is missing, damaged, or of another version is a miss: the
picture is looked at again. The folder is bounded by the number of its files; the oldest go first.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from renderkit.arrays import Pixels
from renderkit.boards.board import Board
from renderkit.errors import DatasetError
from renderkit.system import environment_folder
from renderkit.untrusted.files import read_bytes
from renderkit.writing import make_folder, write_bytes

VERSION: Final = "2"
"""Changes whenever detections do."""

MAX_FILES: Final = 20_000
_SHRINK_TO: Final = 16_000
_DIGEST_BYTES: Final = 32
_SUFFIX: Final = ".corners"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DetectionCache:
    """A folder of detections; failing to read or write it costs time, never the caller.

    Attributes:
        folder: Where they are; None keeps none.
    """

    folder: Path | None

    @classmethod
    def usual(cls) -> DetectionCache:
        """Return the user's cache: `renderkit/boards` in $XDG_CACHE_HOME (~/.cache by default)."""
        try:
            return cls(environment_folder("XDG_CACHE_HOME", ".cache") / "renderkit" / "boards")
        except RuntimeError:
            return cls(None)

    def find(self, picture: bytes, board: Board) -> Pixels | None:
        """Return the (L, 2) pixels that were kept for a picture's bytes, or None."""
        if self.folder is None:
            return None
        path = self.folder / _name(picture, board)
        size = 16 * len(board.points)
        try:
            stored = read_bytes(path, _DIGEST_BYTES + size)
        except DatasetError:
            return None
        content = stored[_DIGEST_BYTES:]
        if len(content) != size or stored[:_DIGEST_BYTES] != _digest(path.name, content):
            return None
        return np.frombuffer(content, dtype="<f8").reshape(-1, 2).copy()

    def keep(self, picture: bytes, board: Board, pixels: Pixels) -> None:
        """Keep the pixels of a picture."""
        if self.folder is None:
            return
        content = np.ascontiguousarray(pixels, dtype="<f8").tobytes()
        name = _name(picture, board)
        try:
            write_bytes(make_folder(self.folder) / name, _digest(name, content) + content)
        except DatasetError as error:
            _say_once(str(self.folder), str(error))

    def shrink(self, most: int = MAX_FILES, left: int = _SHRINK_TO) -> None:
        """Remove the oldest files where there are more than `most`."""
        if self.folder is None:
            return
        try:
            files = [file for file in self.folder.glob(f"*{_SUFFIX}") if file.is_file()]
            if len(files) > most:
                files.sort(key=lambda file: file.stat().st_mtime_ns)
                for file in files[: len(files) - left]:
                    file.unlink(missing_ok=True)
        except OSError as error:
            _say_once(str(self.folder), str(error))


def _name(picture: bytes, board: Board) -> str:
    key = hashlib.sha256(f"{VERSION}|{cv2.__version__}|{board.spec}|".encode())
    key.update(hashlib.sha256(picture).digest())
    return key.hexdigest() + _SUFFIX


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + content).digest()


@cache
def _say_once(folder: str, why: str) -> None:
    _log.warning("detections of boards are not kept in %s: %s", folder, why)
