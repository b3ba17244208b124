"""An untrusted HDF5 file, read key by key.

The file is parsed in a child process with limits (`hdf5_child`), one behind a URL in this process, which has the
connection; what it may hold is said in `hdf5_reader`.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.untrusted.files import open_regular
from renderkit.untrusted.hdf5_child import Hdf5Child
from renderkit.untrusted.hdf5_reader import (
    HDF5_MAGIC,
    MAX_ATTRIBUTE_BYTES,
    MAX_DATASET_BYTES,
    MAX_KEYS,
    AttributeValue,
    Entry,
    Hdf5Reader,
    SmallGroup,
)
from renderkit.untrusted.remote import open_ranges

__all__ = [
    "HDF5_MAGIC", "MAX_ATTRIBUTE_BYTES", "MAX_DATASET_BYTES", "MAX_KEYS", "AttributeValue", "Hdf5File", "SmallGroup",
]  # fmt: skip

_MAX_KNOWN_ENTRIES = 4096


class Hdf5File:
    """One HDF5 file opened for reading. Reads are serialised by a lock.

    A forked process must open the file again.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, child: Hdf5Child | None = None) -> None:
        """Open the file.

        Args:
            path: The file.
            child: The process that parses it, which files of a capture share, and its maker closes; by default one of
                the file's own.

        Raises:
            DatasetError: If the file is missing, truncated or not HDF5.
        """
        self.path = path
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._entries: dict[tuple[str, ...], Entry | DatasetError | None] = {}
        self._heap_damaged = False
        ranges = open_ranges(path)
        self._stream = ranges or open_regular(path)
        self._child = (child or Hdf5Child()) if ranges is None else _Here(ranges)
        own = None if self._child is child else self._child
        # A capture that is dropped without being closed leaves no process behind.
        self._release = weakref.finalize(self, _release, self._stream, own, self._owner)
        try:
            self._child.ask(path, "keys")
        except DatasetError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        with self._lock:
            self._entries.clear()
            self._release()

    def check_open(self) -> None:
        """Raise DatasetError if the file was closed, or was opened by another process."""
        if self._owner != os.getpid():
            raise DatasetError(self.path, None, "opened in another process; call reopen() on the capture here")
        if self._stream.closed:
            raise DatasetError(self.path, None, "the capture is closed")

    @contextmanager
    def _asking(self) -> Iterator[Hdf5Child | _Here]:
        with self._lock:
            self.check_open()
            yield self._child

    def keys(self, *path: str) -> tuple[str, ...]:
        """Return the names of the real entries of a group, or () if there is no such group.

        Raises:
            DatasetError: If the path leads through a link, the group has too many entries, or is damaged.
        """
        with self._asking() as child:
            names: tuple[str, ...] = child.ask(self.path, "keys", *path)
        return names

    def keys_of(self, *groups: tuple[str, ...]) -> list[tuple[str, ...] | DatasetError]:
        """Return what `keys` returns or raises for each of several groups, in few visits."""
        with self._asking() as child:
            return child.ask_each(self.path, "keys", groups)

    def has_data(self, *path: str) -> bool:
        """Return whether a dataset of at least one value lies at the path; it is not read.

        True also for a link or a damaged entry: something is there, and `read` says what is wrong with it.
        """
        with self._asking():
            try:
                entry = self._entry(path)
            except DatasetError:
                return True
        return entry is not None and bool(entry.num_values)

    def read(
        self, *path: str, kinds: str = "fiub", max_bytes: int = MAX_DATASET_BYTES, first: int | None = None
    ) -> NDArray[Any] | None:
        """Read a dataset.

        Args:
            path: Keys from the root.
            kinds: Allowed NumPy dtype kinds.
            max_bytes: Datasets that claim more are refused.
            first: Read only as many rows; None reads all.

        Returns:
            The array, or None if there is no dataset at the path or it holds no value.

        Raises:
            DatasetError: If it is a group, a link, stored outside the file, of another dtype, too large or damaged.
        """
        with self._asking() as child:
            entry = self._entry(path)
            if entry is None:
                return None
            key = "/".join(path)
            if entry.dtype is None:
                raise DatasetError(self.path, key, "expected a dataset, found a group")
            if not entry.num_values:
                return None
            self._check(entry, key, kinds, max_bytes)
            if entry.stored is not None:
                return self._stored(entry, *entry.stored, key, first)
            values: NDArray[Any] = child.ask(
                self.path, "values", *path, first=first, num_bytes=max(entry.claimed, entry.chunk)
            )
            return values

    def knows(self, *path: str) -> bool:
        """Return whether it is known already what lies at a path."""
        return path in self._entries

    def look_for(self, *paths: tuple[str, ...]) -> None:
        """Look what lies at several paths in one visit, ahead of `has_data` and `read`, which say what is wrong."""
        with self._asking() as child:
            unknown = [path for path in paths if path not in self._entries]
            if not unknown:
                return
            found = child.ask_each(self.path, "entry", unknown)
            if len(self._entries) >= _MAX_KNOWN_ENTRIES:
                self._entries.clear()
            self._entries.update(zip(unknown, found, strict=True))

    def _entry(self, path: tuple[str, ...]) -> Entry | None:
        """Return what lies at a path; it stays known, because a picture is looked for before it is read.

        Raises:
            DatasetError: If it is a link or damaged.
        """
        self.look_for(path)
        found = self._entries[path]
        if isinstance(found, DatasetError):
            raise DatasetError(found.path, found.key, found.why)
        return found

    def _check(self, entry: Entry, key: str, kinds: str, max_bytes: int) -> None:
        if entry.elsewhere:
            raise DatasetError(self.path, key, "its values lie in other files; only data in the file itself is read")
        if entry.kind not in kinds:
            raise DatasetError(self.path, key, f"expected numbers of kind {kinds!r}, found dtype {entry.dtype}")
        if entry.claimed > max_bytes or entry.chunk > MAX_DATASET_BYTES:
            why = f"claims {max(entry.claimed, entry.chunk)} bytes (shape {entry.shape}), over {max_bytes}"
            raise DatasetError(self.path, key, why)

    def _stored(self, entry: Entry, dtype: np.dtype[Any], offset: int, key: str, first: int | None) -> NDArray[Any]:
        """Read values that lie in the file as NumPy has them."""
        if offset + entry.claimed > self._stream.seek(0, os.SEEK_END):
            raise DatasetError(self.path, key, "damaged, cannot be read: its values lie beyond the end of the file")
        shape = entry.shape if first is None or not entry.shape else (min(first, entry.shape[0]), *entry.shape[1:])
        self._stream.seek(offset)
        count = math.prod(shape) * dtype.itemsize
        data = self._stream.read(count)
        if len(data) != count:
            raise DatasetError(self.path, key, "damaged, cannot be read: the file became shorter")
        return np.frombuffer(data, dtype).reshape(shape)

    def read_small(
        self, *groups: tuple[str, ...], names: Sequence[str], kinds: str = "fiub", max_bytes: int
    ) -> list[SmallGroup | DatasetError]:
        """Read several small datasets of each of several groups in few visits, with the checks of `read`.

        Args:
            groups: Keys of each group, from the root.
            names: The datasets.
            kinds: Allowed NumPy dtype kinds.
            max_bytes: Datasets that claim more are refused.

        Returns:
            What each group holds, or a DatasetError where an entry is a group, a link, stored outside the file, of
            another dtype, too large or damaged.
        """
        with self._asking() as child:
            return child.ask_each(self.path, "read_small", groups, names=names, kinds=kinds, max_bytes=max_bytes)

    def attribute(self, name: str, *path: str) -> AttributeValue | None:
        """Read an attribute of a group as plain Python or NumPy values, or None if there is none.

        Raises:
            DatasetError: If it is too large or damaged.
        """
        with self._asking() as child:
            deaths = child.deaths
            try:
                value: AttributeValue | None = child.ask(
                    self.path, "attribute", name, *path, with_heaps=not self._heap_damaged
                )
            except DatasetError:
                # One such string is enough: each costs a process and its time.
                self._heap_damaged |= child.deaths > deaths
                raise
        return value

    def attribute_names(self, *path: str) -> tuple[str, ...]:
        """Return the names of a group's attributes, () if there is no such group."""
        with self._asking() as child:
            names: tuple[str, ...] = child.ask(self.path, "attribute_names", *path)
        return names


class _Here:
    """Answers requests about one file in this process."""

    deaths: Final = 0

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._reader: Hdf5Reader | None = None

    def ask(self, path: Path, method: str, *arguments: object, num_bytes: int = 0, **options: object) -> Any:  # noqa: ANN401, ARG002 - as the child's
        """Call a method of `Hdf5Reader`; see `Hdf5Child.ask`."""
        self._reader = self._reader or Hdf5Reader(path, self._stream)
        return getattr(self._reader, method)(*arguments, **options)

    def ask_each(self, path: Path, method: str, keys: Sequence[tuple[str, ...]], **options: Any) -> list[Any]:  # noqa: ANN401
        """Call a method for each key; see `Hdf5Child.ask_each`."""
        answers: list[Any] = self.ask(path, "each", method, keys, **options)
        return answers

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _release(stream: BinaryIO, own: Hdf5Child | _Here | None, owner: int) -> None:
    """Close a file and its own child, which is not that of a process that was forked later."""
    if own is not None and owner == os.getpid():
        own.close()
    stream.close()
