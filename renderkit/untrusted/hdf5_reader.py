"""An untrusted HDF5 file, read key by key with h5py: in the child process of `hdf5_child`, or here for URLs.

Only what lies in the file itself is read. HDF5 can send a reader elsewhere in five ways: soft links, external links,
virtual datasets, external raw storage and object references; all are refused. Sizes are those that the file claims, so
they are checked before memory is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError

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


@dataclass(frozen=True, eq=False)
class Entry:
    """What lies at a path.

    Attributes:
        dtype: NumPy's name of the values' type; None for a group.
        kind: NumPy's letter for it.
        shape: Shape of a dataset.
        num_values: Number of values.
        claimed: Bytes of the values.
        chunk: Bytes of a chunk; 0 where there are none.
        elsewhere: Whether the values lie in other files.
        stored: Type and offset in the file of values that lie there as NumPy has them; None where the library must
            read them.
    """

    dtype: str | None = None
    kind: str = ""
    shape: tuple[int, ...] = ()
    num_values: int = 0
    claimed: int = 0
    chunk: int = 0
    elsewhere: bool = False
    stored: tuple[np.dtype[Any], int] | None = None


class Hdf5Reader:
    """One HDF5 file opened for reading.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, stream: BinaryIO | None = None) -> None:
        """Open the file.

        Args:
            path: The file.
            stream: It is read from here where given.

        Raises:
            DatasetError: If the file is missing, truncated or not HDF5.
        """
        import h5py  # noqa: PLC0415 - importing renderkit loads no HDF5

        self.path = path
        self._groups: dict[tuple[str, ...], h5py.Group] = {}
        try:
            self._file: h5py.File = h5py.File(stream or path, "r", locking="best-effort")
        except _DAMAGE as error:
            raise DatasetError(
                path, None, f"not a readable HDF5 file (truncated download, or another format?): {error}"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._groups.clear()
        self._file.close()

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

    def entry(self, *path: str) -> Entry | None:
        """Return what lies at a path; None if there is nothing.

        Raises:
            DatasetError: If it is a link or damaged.
        """
        import h5py  # noqa: PLC0415

        with self._reading(path):
            found = self._walk(path)
            if not isinstance(found, h5py.Dataset):
                return None if found is None else Entry()
            size, dtype = int(found.size or 0), found.dtype
            if not size:
                return Entry(dtype=str(dtype), kind=dtype.kind)
            stored = None
            offset = found.id.get_offset()
            if offset is not None and dtype.kind in "fiu" and found.id.get_type().equal(h5py.h5t.py_create(dtype)):
                stored = dtype, int(offset)
            return Entry(
                dtype=str(dtype),
                kind=dtype.kind,
                shape=tuple(found.shape),
                num_values=size,
                claimed=size * int(dtype.itemsize),
                chunk=math.prod(found.chunks) * int(dtype.itemsize) if found.chunks else 0,
                elsewhere=bool(found.external or found.is_virtual),
                stored=stored,
            )

    def each(self, method: str, keys: Sequence[tuple[str, ...]], **options: object) -> list[object]:
        """Return what a method returns for each of several keys, or the DatasetError that it raises."""
        return [result_or_error(getattr(self, method), *key, **options) for key in keys]

    def values(self, *path: str, first: int | None) -> NDArray[Any]:
        """Return the values of a dataset whose `entry` was checked; only as many rows as `first` unless None."""
        with self._reading(path):
            found = self._walk(path)
            assert found is not None  # noqa: S101 - its entry was found
            return np.asarray(found[()] if first is None or not found.shape else found[:first])

    def read_small(self, *path: str, names: Sequence[str], kinds: str = "fiub", max_bytes: int) -> SmallGroup:
        """Read several small datasets of one group in one visit; see `Hdf5File.read_small`.

        For calibrations of thousands of cameras: h5py's objects cost five times as much as the reading itself.

        Raises:
            DatasetError: As there.
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
        # The stored type serves the reading as well: to make one from the array's costs as much again.
        shape, stored = dataset.shape, dataset.get_type()
        dtype = stored.dtype
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
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values, stored)
        return values

    def _chunk_bytes(self, dataset: h5py.h5d.DatasetID, key: str) -> int:
        """Return the size of a chunk, 0 where there are none; refuse values that lie in other files."""
        import h5py  # noqa: PLC0415

        plist = dataset.get_create_plist()
        layout = plist.get_layout()
        if layout == h5py.h5d.VIRTUAL or plist.get_external_count():
            raise DatasetError(self.path, key, "its values lie in other files; only data in the file itself is read")
        return math.prod(plist.get_chunk()) * int(dataset.dtype.itemsize) if layout == h5py.h5d.CHUNKED else 0

    def attribute(self, name: str, *path: str, with_heaps: bool = True) -> AttributeValue | None:
        """Read an attribute of a group as plain Python or NumPy values, or None if there is none.

        Args:
            name: The attribute.
            path: Keys of the group, from the root.
            with_heaps: Read strings of variable length, too; they lie in heaps of the file.

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
            if found.dtype.kind == "O" and not with_heaps:
                raise DatasetError(self.path, "/".join(key), "the heap of the file's strings is damaged")
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
        """Turn what the HDF5 library raises for a damaged file into a DatasetError."""
        try:
            yield
        except _DAMAGE as error:
            why = str(error) or "not enough memory"
            raise DatasetError(self.path, "/".join(path) or None, f"damaged, cannot be read: {why}") from error


def result_or_error(call: Callable[..., Any], *arguments: object, **options: object) -> Any:  # noqa: ANN401 - as the function's
    """Return what a function returns, or the DatasetError that it raises."""
    try:
        return call(*arguments, **options)
    except DatasetError as error:
        return error


def _plain(value: object) -> AttributeValue | None:
    """Return text for bytes, a scalar for one-element arrays, else the value; None for what is neither."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        is_plain = value.dtype.kind != "O" or all(isinstance(one, str | bytes) for one in value.flat)
        return value if is_plain else None
    return value if isinstance(value, str | int | float | bool) else None
