"""Every file that renderkit writes: complete under its name, or not there at all.

A file is written under a temporary name in its own folder, flushed to the disk, and renamed. Whoever reads the name
sees the old content or the new, also after a crash, a full disk or Ctrl-C. A symbolic link is replaced, never followed.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.system import NO_FOLLOW, sync_folder

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | getattr(os, "O_BINARY", 0)
_MODE = 0o666
"""The user's umask takes away from this what the user does not want."""


def write_bytes(path: Path, data: bytes | memoryview, *, durable: bool = True) -> Path:
    """Write a file and return its path; see `new_file` for `durable`.

    Raises:
        DatasetError: If it cannot be written; what was there before is unchanged.
    """
    with new_file(path, durable=durable) as temporary, temporary.open("r+b") as stream:
        stream.write(data)
    return path


def write_text(path: Path, text: str, *, errors: str = "strict", durable: bool = True) -> Path:
    """Write UTF-8 text with the line ends that it has, and return its path.

    Args:
        path: The file.
        text: What to write.
        errors: What is done with lone surrogates, which names from other systems may hold: as in `str.encode`.
        durable: Whether it is to last over a power cut.

    Raises:
        DatasetError: If it cannot be written; what was there before is unchanged.
    """
    return write_bytes(path, text.encode("utf-8", errors), durable=durable)


def write_json(
    path: Path, value: object, *, indent: int | None = None, sort_keys: bool = False, durable: bool = True
) -> Path:
    """Write JSON whose numbers read back exactly, and return its path; see `new_file` for `durable`.

    Raises:
        DatasetError: If it cannot be written; what was there before is unchanged.
        ValueError: For NaN and infinity, which JSON does not have.
    """
    return write_text(path, json_text(value, indent=indent, sort_keys=sort_keys), durable=durable)


def json_text(value: object, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Return JSON whose numbers read back exactly.

    Raises:
        ValueError: For NaN and infinity, which JSON does not have.
    """
    return json.dumps(value, indent=indent, sort_keys=sort_keys, allow_nan=False) + "\n"


def write_array(path: Path, array: NDArray[Any]) -> Path:
    """Write an array of any shape as .npy and return its path.

    Raises:
        DatasetError: If it cannot be written; what was there before is unchanged.
    """
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return write_bytes(path, buffer.getbuffer())


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write named arrays as .npz and return its path.

    Raises:
        DatasetError: If it cannot be written; what was there before is unchanged.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type] # NumPy's stub takes a name for its own flag
    return write_bytes(path, buffer.getbuffer())


def append_text(path: Path, text: str) -> Path:
    """Add text to the end of a log, and return its path. The one file that is not written as a whole.

    Raises:
        DatasetError: If it cannot be written, or is a symbolic link.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW, _MODE)
        try:
            os.write(handle, text.encode("utf-8", "backslashreplace"))
        finally:
            os.close(handle)
    except OSError as error:
        raise DatasetError(path, None, f"cannot be written: {error.strerror or error}") from error
    return path


def write_blocks(path: Path, blocks: Iterable[bytes], time_ns: int) -> Path:
    """Write a file of a time (ns) block by block, and return its path.

    Raises:
        DatasetError: If it cannot be written; what was there before is unchanged.
    """
    with new_file(path) as temporary:
        with temporary.open("r+b") as stream:
            stream.writelines(blocks)
        os.utime(temporary, ns=(time_ns, time_ns))
    return path


def write_sparse(path: Path, num_bytes: int, time_ns: int) -> Path:
    """Write a file of a size and a time (ns) that has no content yet and takes no disk, and return its path.

    Raises:
        DatasetError: If it cannot be written; what was there before is unchanged.
    """
    with new_file(path, durable=False) as temporary:
        os.truncate(temporary, num_bytes)
        os.utime(temporary, ns=(time_ns, time_ns))
    return path


@contextmanager
def new_file(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give an empty file of a temporary name to write into; it becomes `path` when the block ends without an error.

    For libraries that want a path. The temporary name has the suffix of `path`. After an error it is removed.

    Args:
        path: The file to write; its folder exists.
        durable: Whether it is to last over a power cut; one that is made again does not have to.

    Yields:
        The temporary file.

    Raises:
        DatasetError: If it cannot be written: also for an OSError inside the block. What was there before is unchanged.
    """
    _check_target(path)
    temporary = path.parent / f".renderkit-{secrets.token_hex(8)}{path.suffix}"
    try:
        os.close(os.open(temporary, _NEW_FILE, _MODE))
        try:
            yield temporary
            if durable:
                _flush(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise DatasetError(path, None, f"cannot be written: {error.strerror or error}") from error


def make_folder(path: Path) -> Path:
    """Make a folder and those above it where they are missing, and return it.

    Raises:
        DatasetError: If it cannot be made, or a file is in its place.
    """
    return _make(path, parents=True)


def make_new_folder(path: Path) -> bool:
    """Make a folder and return True; False where something of its name is there already.

    Raises:
        DatasetError: If it cannot be made.
    """
    try:
        path.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise DatasetError(path, None, f"the folder cannot be written: {error.strerror}") from error
    return True


def remove_file(path: Path) -> None:
    """Remove a file, or a link to one; nothing happens where there is none.

    Raises:
        DatasetError: If it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DatasetError(path, None, f"cannot be removed: {error.strerror}") from error


def write_files(folder: Path, files: Mapping[str, bytes | memoryview], *, durable: bool = True) -> None:
    """Write files of a folder, by name: POSIX paths, with one subfolder at most, which is made.

    Raises:
        DatasetError: If one cannot be written, or the subfolder is a symbolic link.
    """
    for name, data in files.items():
        subfolder = PurePosixPath(name).parent.name
        if subfolder and folder.is_dir():
            make_subfolder(folder, subfolder)
        write_bytes(folder / name, data, durable=durable)


@contextmanager
def no_empty_folders(path: Path) -> Iterator[None]:
    """Take back what the block makes and leaves empty: a folder, and those above it that were missing before.

    What is refused leaves nothing behind this way, wherever it is refused.
    """
    missing = [place for place in (path, *path.parents) if not os.path.lexists(place)]
    try:
        yield
    finally:
        for place in missing:
            remove_if_empty(place)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder with nothing in it; nothing happens where there is none, or something is in it."""
    with suppress(OSError):
        folder.rmdir()


def make_subfolder(folder: Path, name: str) -> Path:
    """Make a folder inside one whose content may be a stranger's, such as a run folder, and return it.

    Raises:
        DatasetError: If it cannot be made, or is a symbolic link: that would lead the files out of `folder`.
    """
    path = folder / name
    if path.is_symlink():
        raise DatasetError(path, None, "is a symbolic link; nothing is written through it: remove it")
    return _make(path, parents=False)


def _make(path: Path, *, parents: bool) -> Path:
    try:
        path.mkdir(parents=parents, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(place for place in (path, *path.parents) if os.path.lexists(place))
        raise DatasetError(path, None, f"the folder cannot be written: {file} is a file, not a folder") from error
    except OSError as error:
        raise DatasetError(path, None, f"the folder cannot be written: {error.strerror}") from error
    return path


def _check_target(path: Path) -> None:
    """Refuse what a rename must not replace: folders, devices and pipes, also behind a link (/dev/stdout)."""
    if not path.parent.is_dir():
        raise DatasetError(path, None, f"cannot be written: there is no such folder; make {path.parent} first")
    try:
        kind = path.stat().st_mode
    except OSError:
        # Nothing there, or a link to nowhere, which is replaced.
        return
    if not stat.S_ISREG(kind):
        raise DatasetError(path, None, f"cannot be written: there is a {_kind(kind)} of this name, not a file")


def _kind(mode: int) -> str:
    return "folder" if stat.S_ISDIR(mode) else "device or pipe"


def _flush(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
