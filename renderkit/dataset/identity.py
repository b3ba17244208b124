"""Which files a capture is made of, and the digits that change when one of them does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from renderkit.capture import Capture
from renderkit.dataset.settings import content_key
from renderkit.errors import DatasetError
from renderkit.results.provenance import hash_file

MAX_HASHED: Final = 32
"""So many small files of a capture are hashed; the others, pictures above all, count by size and time."""
MAX_HASHED_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class InputState:
    """The files of a capture at one moment.

    Attributes:
        identity: Changes with the content of small files that decide the result (cameras, landmarks), and with the
            size or time of any other file.
        stamp: Changes with the size or time of any file; quick to read again.
    """

    identity: str
    stamp: str


def input_state(capture: Capture) -> InputState:
    """Return the state of a capture's files.

    Raises:
        DatasetError: If a file has gone or cannot be read.
    """
    states = _states(capture)
    sizes = {name: size for name, size, _ in states}
    # In the capture's order: cameras come before pictures.
    small = [name for path in capture.files_read if sizes[name := str(path)] <= MAX_HASHED_BYTES]
    root, hashed = _root(capture), set(small[:MAX_HASHED])
    told = [
        (_name(name, root), size, hash_file(Path(name)).sha256 if name in hashed else when)
        for name, size, when in states
    ]
    return InputState(content_key(told), content_key(states))


def input_stamp(capture: Capture) -> str:
    """Return `InputState.stamp` alone.

    Raises:
        DatasetError: If a file has gone.
    """
    return content_key(_states(capture))


def _states(capture: Capture) -> list[tuple[str, int, int]]:
    """Return path, size and time of change (ns) of every file, in order."""
    states = []
    # Not whole folders: a run, or a pattern's root, may lie among the captures.
    for path in sorted({str(path) for path in capture.files_read}):
        try:
            state = Path(path).stat()
        except OSError as error:
            raise DatasetError(path, None, f"the input no longer exists: {error.strerror}") from error
        states.append((path, state.st_size, state.st_mtime_ns))
    return states


def _root(capture: Capture) -> Path:
    return capture.path if capture.path.is_dir() else capture.path.parent


def _name(path: str, root: Path) -> str:
    """Return a name that is the same where the dataset lies elsewhere."""
    return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else path
