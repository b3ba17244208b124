"""Reading of untrusted files: regular files only, opened without blocking, bounded before memory is taken."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from renderkit.errors import DatasetError
from renderkit.untrusted import remote

MAX_FILE_BYTES = 256 << 20
"""Files above this size are refused unless a reader states a limit of its own."""

# A FIFO without a writer would block `open` forever. Windows has neither flag, and no FIFO among its files.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_ATTEMPTS = 5
_LFS = b"version https://git-lfs.github.com/spec/"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: Path, max_bytes: int | None = None) -> BinaryIO:
    """Open a regular file for reading; one of a URL is downloaded first, unless it is larger than `max_bytes`.

    Raises:
        DatasetError: If it cannot be opened, or is a folder, a FIFO, a socket or a device.
    """
    for _ in range(_ATTEMPTS):
        remote.fetch(path, max_bytes)
        try:
            descriptor = os.open(path, _FLAGS)
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
            raise DatasetError(path, None, f"cannot be read: {_reason(error)}") from error
        if remote.is_whole(path, descriptor):
            break
        os.close(descriptor)
    else:
        why = f"downloads of other processes take its place: allow them more with {remote.LIMIT_VARIABLE}"
        raise DatasetError(path, None, why)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        found = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        raise DatasetError(path, None, f"cannot be read: expected a regular file, found {found}")
    return os.fdopen(descriptor, "rb")


def names_file(path: Path) -> bool:
    """Whether a path made from a name in a file is that of a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def check_regular(path: Path) -> None:
    """Check that `path` is a regular file that can be opened, for libraries that open files themselves.

    Raises:
        DatasetError: As `open_regular`.
    """
    open_regular(path).close()


def read_bytes(path: Path, max_bytes: int | None = None) -> bytes:
    """Return the bytes of a regular file of at most `max_bytes`, `MAX_FILE_BYTES` where None.

    Raises:
        DatasetError: If it cannot be read, is no regular file, or is larger.
    """
    limit = MAX_FILE_BYTES if max_bytes is None else max_bytes
    with open_regular(path, limit) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise DatasetError(path, None, f"file of {size} bytes is over the limit of {limit}")
        try:
            # `read` reserves what it is asked for; one byte more than the size shows a file that grows.
            data = stream.read(size + 1)
        except OSError as error:
            raise DatasetError(path, None, f"cannot be read: {_reason(error)}") from error
    if len(data) > size:
        raise DatasetError(path, None, f"the file grew beyond {size} bytes while it was read")
    _check_is_here(path, data)
    return data


def read_head(path: Path, num_bytes: int) -> bytes:
    """Return the first `num_bytes` bytes of a regular file, fewer where it is shorter.

    Raises:
        DatasetError: If it cannot be read or is no regular file.
    """
    start = remote.read_start(path, num_bytes)
    if start is not None:
        return start
    with open_regular(path) as stream:
        try:
            head = stream.read(num_bytes)
        except OSError as error:
            raise DatasetError(path, None, f"cannot be read: {_reason(error)}") from error
    _check_is_here(path, head)
    return head


def _check_is_here(path: Path, data: bytes) -> None:
    """Refuse the text that Git leaves in place of a large file."""
    if data.startswith(_LFS):
        why = "this is a pointer of Git LFS, not the file itself; get the file with `git lfs pull`"
        raise DatasetError(path, None, why)


def read_text(path: Path, max_bytes: int | None = None) -> str:
    """Return the UTF-8 text of a regular file.

    Raises:
        DatasetError: If it cannot be read, is too large, or is not UTF-8.
    """
    return decode_text(path, read_bytes(path, max_bytes))


def decode_text(path: Path, data: bytes) -> str:
    """Return UTF-8 text, without a byte order mark.

    Raises:
        DatasetError: If the bytes are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(path, None, f"expected UTF-8 text: {error}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
