"""An untrusted HDF5 file, read key by key.

Only what lies in the file itself is read. HDF5 can send a reader elsewhere in five ways: soft links, external links,
virtual datasets, external raw storage and object references; all are refused. Sizes are those that the file claims, so
they are checked before memory is taken.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.untrusted.files import check_regular
from renderkit.untrusted.remote import open_ranges

if TYPE_CHECKING:
    import h5py

MAX_DATASET_BYTES = 1 << 30
"""Datasets (and their chunks) that claim more than this are refused."""

MAX_ATTRIBUTE_BYTES = 1 << 16
"""Attributes that claim more than this are refused."""

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
"""First bytes of an HDF5 file."""

# What h5py and NumPy raise for damaged files.
_DAMAGE = (
    OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, MemoryError, EOFError,
)  # fmt: skip

AttributeValue: TypeAlias = str | int | float | bool | NDArray[Any]
"""What an attribute can be, as plain values."""

_MAX_KNOWN_GROUPS = 1024
MAX_KEYS = 200_000
"""Groups with more entries than this are refused."""


@dataclass(frozen=True, eq=False)
class SmallGroup:
    """Small datasets of one group.

    Attributes:
        values: Those that were asked for, by name; absent or empty ones are not in it.
        others: Names of the other entries.
    """

    values: Mapping[str, NDArray[Any]]
    others: tuple[str, ...]


class Hdf5File:
    """One HDF5 file opened for reading. Reads are serialised by a lock.

    Handles do not survive a fork: a forked process must open the file again.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            DatasetError: If the file is missing, truncated or not HDF5.
        """
        import h5py  # noqa: PLC0415 - importing renderkit loads no HDF5

        self.path = path
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._groups: dict[tuple[str, ...], h5py.Group] = {}
        self._ranges = open_ranges(path)
        if self._ranges is None:
            check_regular(path)
        try:
            self._file: h5py.File = h5py.File(self._ranges or path, "r", locking="best-effort")
        except _DAMAGE as error:
            raise DatasetError(
                path, None, f"not a readable HDF5 file (truncated download, or another format?): {error}"
            ) from error

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        with self._lock:
            if self._owner == os.getpid():
                self._groups.clear()
                self._file.close()
                if self._ranges is not None:
                    self._ranges.close()

    def check_open(self) -> None:
        """Raise DatasetError if the file was closed, or was opened by another process."""
        if self._owner != os.getpid():
            raise DatasetError(self.path, None, "opened in another process; call reopen() on the capture here")
        if not self._file:
            raise DatasetError(self.path, None, "the capture is closed")

    def keys(self, *path: str) -> tuple[str, ...]:
        """Return the names of the real entries of a group, or () if there is no such group.

        Raises:
            DatasetError: If the path leads through a link, the group has too many entries, or is damaged.
        """
        import h5py  # noqa: PLC0415

        with self._reading(path):
            group = self._walk(path)
            if not isinstance(group, h5py.Group):
                return ()
            if len(group) > MAX_KEYS:
                raise DatasetError(self.path, "/".join(path), f"{len(group)} entries, over the limit {MAX_KEYS}")
            return tuple(name for name in group if group.get(name, getlink=True, getclass=True) is h5py.HardLink)

    def has_data(self, *path: str) -> bool:
        """Return whether a dataset of at least one value lies at the path; it is not read.

        True also for a link or a damaged entry: something is there, and `read` says what is wrong with it.
        """
        import h5py  # noqa: PLC0415

        with self._lock:
            self.check_open()
            try:
                with self._reading(path):
                    entry = self._walk(path)
                    return isinstance(entry, h5py.Dataset) and bool(entry.size)
            except DatasetError:
                return True

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
        import h5py  # noqa: PLC0415

        key = "/".join(path)
        with self._reading(path):
            entry = self._walk(path)
            if entry is None:
                return None
            if not isinstance(entry, h5py.Dataset):
                raise DatasetError(self.path, key, "expected a dataset, found a group")
            if not entry.size:
                return None
            self._check(entry, key, kinds, max_bytes)
            return np.asarray(entry[()] if first is None or not entry.shape else entry[:first])

    def read_small(self, *path: str, names: Sequence[str], kinds: str = "fiub", max_bytes: int) -> SmallGroup:
        """Read several small datasets of one group in one visit, with the checks of `read`.

        For calibrations of thousands of cameras: h5py's objects cost five times as much as the reading itself.

        Args:
            path: Keys of the group, from the root.
            names: The datasets.
            kinds: Allowed NumPy dtype kinds.
            max_bytes: Datasets that claim more are refused.

        Raises:
            DatasetError: If an entry is a group, a link, stored outside the file, of another dtype, too large or
                damaged.
        """
        import h5py  # noqa: PLC0415

        with self._reading(path):
            parent = self._group(path[:-1])
            if parent is None or self._is_absent(parent.id, path[-1], "/".join(path)):
                return SmallGroup({}, ())
            group = h5py.h5o.open(parent.id, path[-1].encode())
            if not isinstance(group, h5py.h5g.GroupID):
                return SmallGroup({}, ())
            count = group.get_num_objs()
            if count > MAX_KEYS:
                raise DatasetError(self.path, "/".join(path), f"more than {MAX_KEYS} entries")
            values: dict[str, NDArray[Any]] = {}
            for name in names:
                key = "/".join((*path, name))
                if not self._is_absent(group, name, key):
                    array = self._read_low(h5py.h5o.open(group, name.encode()), key, kinds, max_bytes)
                    if array is not None:
                        values[name] = array
            # Listing a group costs as much as reading it, and most hold nothing else.
            present = [] if count == len(values) else [name.decode("utf-8", "replace") for name in group]
        return SmallGroup(values, tuple(name for name in present if name not in names))

    def _group(self, path: tuple[str, ...]) -> h5py.Group | None:
        """Return the group at a path, which stays known; None if there is none."""
        import h5py  # noqa: PLC0415

        known = self._groups.get(path)
        if known is not None:
            return known
        found = self._walk(path)
        if not isinstance(found, h5py.Group):
            return None
        self._groups[path] = found
        return found

    def _is_absent(self, group: h5py.h5g.GroupID, name: str, key: str) -> bool:
        """Return True where a group has no such entry; refuse links."""
        import h5py  # noqa: PLC0415

        if not name or "/" in name or name in {".", ".."}:
            return True
        try:
            kind = group.links.get_info(name.encode()).type
        except (KeyError, RuntimeError):
            # Asked only now: most entries are there, and asking each costs as much as its link.
            if name.encode() in group:
                raise
            return True
        if kind != h5py.h5l.TYPE_HARD:
            raise DatasetError(self.path, key, "a link; only data in the file itself is read")
        return False

    def _read_low(self, dataset: h5py.h5d.DatasetID, key: str, kinds: str, max_bytes: int) -> NDArray[Any] | None:
        import h5py  # noqa: PLC0415

        if not isinstance(dataset, h5py.h5d.DatasetID):
            raise DatasetError(self.path, key, "expected a dataset, found a group")
        shape, dtype = dataset.shape, dataset.dtype
        count = 0 if shape is None else math.prod(shape)
        if not count:
            return None
        if dtype.kind not in kinds:
            raise DatasetError(self.path, key, f"expected numbers of kind {kinds!r}, found dtype {dtype}")
        claimed = count * int(dtype.itemsize)
        # An offset tells that the values lie contiguous in the file itself; only other layouts need a closer look.
        if dataset.get_offset() is None:
            claimed = max(claimed, self._chunk_bytes(dataset, key))
        if claimed > max_bytes:
            raise DatasetError(self.path, key, f"claims {claimed} bytes (shape {shape}), over {max_bytes}")
        values = np.empty(shape, dtype)
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
        return values

    def _chunk_bytes(self, dataset: h5py.h5d.DatasetID, key: str) -> int:
        """Return the size of a chunk, 0 where there are none; refuse values that lie in other files."""
        import h5py  # noqa: PLC0415

        plist = dataset.get_create_plist()
        layout = plist.get_layout()
        if layout == h5py.h5d.VIRTUAL or plist.get_external_count():
            raise DatasetError(self.path, key, "its values lie in other files; only data in the file itself is read")
        return math.prod(plist.get_chunk()) * int(dataset.dtype.itemsize) if layout == h5py.h5d.CHUNKED else 0

    def attribute(self, name: str, *path: str) -> AttributeValue | None:
        """Read an attribute of a group as plain Python or NumPy values, or None if there is none.

        Raises:
            DatasetError: If it is too large or damaged.
        """
        key = (*path, f"@{name}")
        with self._reading(key):
            group = self._walk(path)
            if group is None or name not in group.attrs:
                return None
            found = group.attrs.get_id(name)
            count = int(np.prod(found.shape, dtype=object)) if found.shape else 1
            if count * found.dtype.itemsize > MAX_ATTRIBUTE_BYTES:
                raise DatasetError(
                    self.path, "/".join(key), f"attribute of {count} values is over {MAX_ATTRIBUTE_BYTES} bytes"
                )
            return _plain(group.attrs[name])

    def attribute_names(self, *path: str) -> tuple[str, ...]:
        """Return the names of a group's attributes, () if there is no such group."""
        with self._reading(path):
            group = self._walk(path)
            return () if group is None else tuple(group.attrs)

    def _walk(self, path: tuple[str, ...]) -> h5py.Group | h5py.Dataset | None:
        """Follow hard links from the root; None where a key is absent."""
        import h5py  # noqa: PLC0415

        # Groups stay known: a capture has thousands of datasets in a few of them.
        entry: h5py.Group | h5py.Dataset = self._groups.get(path[:-1], self._file)
        start = len(path) - 1 if path[:-1] in self._groups else 0
        for depth, name in enumerate(path[start:], start + 1):
            if not name or "/" in name or name in {".", ".."} or not isinstance(entry, h5py.Group):
                return None
            link = entry.get(name, getlink=True, getclass=True)
            if link is None:
                return None
            if link is not h5py.HardLink:
                raise DatasetError(self.path, "/".join(path[:depth]), "a link; only data in the file itself is read")
            entry = entry[name]
            if depth < len(path):
                if len(self._groups) >= _MAX_KNOWN_GROUPS:
                    self._groups.clear()
                self._groups[path[:depth]] = entry
        return entry

    @contextmanager
    def _reading(self, path: tuple[str, ...]) -> Iterator[None]:
        """Hold the lock, and turn what the HDF5 library raises for a damaged file into a DatasetError."""
        with self._lock:
            self.check_open()
            try:
                yield
            except _DAMAGE as error:
                raise DatasetError(self.path, "/".join(path) or None, f"damaged, cannot be read: {error}") from error

    def _check(self, dataset: h5py.Dataset, key: str, kinds: str, max_bytes: int) -> None:
        if dataset.external or dataset.is_virtual:
            raise DatasetError(self.path, key, "its values lie in other files; only data in the file itself is read")
        if dataset.dtype.kind not in kinds:
            raise DatasetError(self.path, key, f"expected numbers of kind {kinds!r}, found dtype {dataset.dtype}")
        claimed = int(dataset.size) * int(dataset.dtype.itemsize)
        chunk = int(np.prod(dataset.chunks, dtype=np.int64)) * int(dataset.dtype.itemsize) if dataset.chunks else 0
        if claimed > max_bytes or chunk > MAX_DATASET_BYTES:
            why = f"claims {max(claimed, chunk)} bytes (shape {dataset.shape}), over {max_bytes}"
            raise DatasetError(self.path, key, why)


def _plain(value: AttributeValue | np.generic | bytes) -> AttributeValue:
    """Return text for bytes, a scalar for one-element arrays, else the value."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    result: AttributeValue = value.item() if isinstance(value, np.generic) else value
    return result
