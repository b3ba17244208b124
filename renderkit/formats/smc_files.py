"""The one or two files of an SMC capture.

The released data holds two files per capture, `{id}_{part}_raw.smc` (pictures, audio) and `{id}_{part}_anno.smc`
(masks, calibration, annotations), side by side or as `raw/{id}/...` and `anno/{id}/...`. Older releases hold
everything in one `.smc`; the 2024 part has raw files with calibration only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from renderkit.errors import DatasetError
from renderkit.images.encoded import EncodedImage
from renderkit.untrusted.hdf5 import MAX_DATASET_BYTES, AttributeValue, Hdf5File, SmallGroup
from renderkit.untrusted.hdf5_child import Hdf5Child

_HALVES = {"raw": "anno", "anno": "raw"}


def half_of(path: Path) -> str | None:
    """Return "raw" or "anno" when the file's name says that it is one half of a pair, else None."""
    tail = path.stem.rpartition("_")[2]
    return tail if tail in _HALVES else None


def sibling_candidates(path: Path) -> tuple[Path, ...]:
    """Return where the other half of a capture may lie, nearest first; () for a single file."""
    half = half_of(path)
    if half is None:
        return ()
    other = _HALVES[half]
    name = f"{path.stem.removesuffix(half)}{other}{path.suffix}"
    folder = path.absolute().parent
    places = [folder]
    if folder.name == half:
        places.append(folder.parent / other)
    if folder.parent.name == half:
        places.append(folder.parent.parent / other / folder.name)
    return tuple(place / name for place in places)


class SmcFiles:
    """The open files of one capture, read as if they were one.

    Attributes:
        files: The halves that were found, raw first.
        missing_sibling: The other half's expected path when it was not found, else None.
        damage: By message, what could not be listed so far.
    """

    def __init__(self, path: Path, candidates: tuple[Path, ...] | None = None, child: Hdf5Child | None = None) -> None:
        """Open the file and its sibling.

        Args:
            path: The file.
            candidates: Where the other half may lie; those of RenderMe-360 by default.
            child: The process that parses them, such as that which told the format; it is closed with the files.

        Raises:
            DatasetError: If either exists but is not a readable HDF5 file.
        """
        candidates = sibling_candidates(path) if candidates is None else candidates
        sibling = next((candidate for candidate in candidates if candidate.is_file()), None)
        self.missing_sibling = candidates[0] if candidates and sibling is None else None
        paths = [path] if sibling is None else sorted([path, sibling], key=lambda p: half_of(p) != "raw")
        opened: list[Hdf5File] = []
        self._child = child or Hdf5Child()
        try:
            for each in paths:
                opened.append(Hdf5File(each, self._child))  # noqa: PERF401 - the first is closed if the second fails
        except DatasetError:
            for file in opened:
                file.close()
            self._child.close()
            raise
        self.files = tuple(opened)
        self.damage: dict[str, DatasetError] = {}

    def __enter__(self) -> Self:
        """Return the files themselves."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the files."""
        self.close()

    def close(self) -> None:
        """Close the files."""
        for file in self.files:
            file.close()
        self._child.close()

    def keys(self, *path: str) -> tuple[str, ...]:
        """Return the union of a group's entries over the files, in the order found.

        A damaged group has no entries; `damage` says so.
        """
        (names,) = self.keys_of(path)
        return names

    def keys_of(self, *groups: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Return what `keys` does for each of several groups, in few visits to the files."""
        names: list[dict[str, None]] = [{} for _ in groups]
        for file in self.files:
            for found, keys in zip(names, file.keys_of(*groups), strict=True):
                if isinstance(keys, DatasetError):
                    self.damage[str(keys)] = keys
                else:
                    found.update(dict.fromkeys(keys))
        return list(map(tuple, names))

    def look_for(self, *paths: tuple[str, ...]) -> None:
        """Look what lies at several paths in one visit to each file, ahead of `find` and `read`."""
        for file in self.files:
            file.look_for(*paths)

    def knows(self, *path: str) -> bool:
        """Return whether it is known in all files what lies at a path."""
        return all(file.knows(*path) for file in self.files)

    def find(self, *path: str) -> Hdf5File | None:
        """Return the first file that has data at the path, or None."""
        return next((file for file in self.files if file.has_data(*path)), None)

    def read(
        self, *path: str, kinds: str = "fiub", max_bytes: int = MAX_DATASET_BYTES, first: int | None = None
    ) -> NDArray[Any] | None:
        """Read a dataset from the first file that has it, as `Hdf5File.read`; None if none does."""
        for file in self.files:
            values = file.read(*path, kinds=kinds, max_bytes=max_bytes, first=first)
            if values is not None:
                return values
        return None

    def encoded(self, *path: str) -> EncodedImage | None:
        """Refer to an encoded picture, in the first file that has one at the path; None if none has."""
        file = self.find(*path)
        if file is None:
            return None

        def read_bytes() -> bytes:
            values = file.read(*path, kinds="u")
            if values is None or values.ndim != 1 or values.dtype != np.uint8:
                found = "nothing" if values is None else f"{values.dtype} {values.shape}"
                raise DatasetError(file.path, "/".join(path), f"expected encoded bytes, uint8 (N,); found {found}")
            return values.tobytes()

        return EncodedImage(read_bytes, file.path, "/".join(path))

    def read_small(
        self, *groups: tuple[str, ...], names: Sequence[str], kinds: str = "fiub", max_bytes: int
    ) -> list[SmallGroup | DatasetError]:
        """Read small datasets of each group, each from the first file that has it, as `Hdf5File.read_small`."""
        by_file = [file.read_small(*groups, names=names, kinds=kinds, max_bytes=max_bytes) for file in self.files]
        return [_joined(found) for found in zip(*by_file, strict=True)]

    def attribute(self, name: str, *path: str) -> AttributeValue | None:
        """Read an attribute from the first file that has it; None if none does."""
        values = (file.attribute(name, *path) for file in self.files)
        return next((value for value in values if value is not None), None)

    def attributes(self, *path: str) -> Iterator[tuple[str, AttributeValue]]:
        """Iterate over the union of a group's attributes."""
        names = dict.fromkeys(name for file in self.files for name in file.attribute_names(*path))
        for name in names:
            try:
                value = self.attribute(name, *path)
            except DatasetError as error:
                self.damage[str(error)] = error
                continue
            if value is not None:
                yield name, value


def _joined(parts: Sequence[SmallGroup | DatasetError]) -> SmallGroup | DatasetError:
    """Return what the files hold of one group, the first file first; the error where one of them is damaged."""
    found: list[SmallGroup] = []
    for one in parts:
        if isinstance(one, DatasetError):
            return one
        found.append(one)
    values = {name: array for one in reversed(found) for name, array in one.values.items()}
    return SmallGroup(values, tuple(dict.fromkeys(name for one in found for name in one.others)))
