"""What lies at a path, read once and bounded, for detection and for the readers."""

from __future__ import annotations

import math
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from renderkit.arrays import FloatArray
from renderkit.errors import DatasetError
from renderkit.untrusted.files import decode_text, read_bytes, read_head
from renderkit.untrusted.hdf5_child import Hdf5Child
from renderkit.untrusted.json_text import parse_json

MAX_IMAGE_SIDE = 65_536
"""Image sides above this many px are refused: no sensor has them, but typing errors do."""

_HEAD_BYTES = 4096
_FLAGS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}

Untrusted: TypeAlias = Any
"""What a foreign file holds, before its type has been checked."""


@dataclass(frozen=True)
class Content:
    """A camera file or folder whose bytes are read at most once.

    Attributes:
        path: The file or folder.
    """

    path: Path

    @cached_property
    def is_folder(self) -> bool:
        """True for a folder."""
        return self.path.is_dir()

    @cached_property
    def head(self) -> bytes:
        """First 4096 bytes of a file, without a byte order mark; empty for a folder."""
        if self.is_folder:
            return b""
        return read_head(self.path, _HEAD_BYTES).removeprefix(BOM_UTF8)

    @cached_property
    def data(self) -> bytes:
        """All bytes of the file.

        Raises:
            DatasetError: If it cannot be read, is no regular file, or is larger than `files.MAX_FILE_BYTES`.
        """
        return read_bytes(self.path)

    @cached_property
    def text(self) -> str:
        """The file as UTF-8 text.

        Raises:
            DatasetError: If it is not UTF-8.
        """
        return decode_text(self.path, self.data)

    @cached_property
    def json(self) -> Untrusted:
        """The file as JSON.

        Raises:
            DatasetError: If it is no JSON, with the position.
        """
        return parse_json(self.path, self.text)

    @cached_property
    def json_or_none(self) -> Untrusted:
        """The file as JSON when it starts like an object or a list, else None; for detection."""
        if self.head.lstrip()[:1] not in {b"{", b"["}:
            return None
        return self.json

    @cached_property
    def yaml(self) -> Untrusted:
        """The file as YAML of the plain subset that camera files use.

        Raises:
            DatasetError: If it is no such YAML, with the line.
        """
        from renderkit.untrusted.yaml_text import parse_yaml  # noqa: PLC0415 - few formats are of it

        return parse_yaml(self.path, self.text)

    @cached_property
    def toml(self) -> dict[str, Untrusted]:
        """The file as TOML.

        Raises:
            DatasetError: If it is no TOML, with the position.
        """
        from renderkit.untrusted.toml_text import parse_toml  # noqa: PLC0415 - few formats are of it

        return parse_toml(self.path, self.text)

    @cached_property
    def hdf5_child(self) -> Hdf5Child:
        """The process that parses the file where it is HDF5, for telling its format and for reading it."""
        return Hdf5Child()

    def has(self, *names: str) -> bool:
        """Return True if this is a folder that holds all of the files `names`."""
        return self.is_folder and all((self.path / name).is_file() for name in names)


def mapping_at(value: Untrusted, path: Path, key: str | None) -> Mapping[str, Untrusted]:
    """Return `value` if it is a mapping.

    Raises:
        DatasetError: With the key, if it is not.
    """
    if not isinstance(value, Mapping):
        raise DatasetError(path, key, f"expected an object of named values, found {type(value).__name__}")
    return value


def list_at(value: Untrusted, path: Path, key: str | None) -> Sequence[Untrusted]:
    """Return `value` if it is a list.

    Raises:
        DatasetError: With the key, if it is not.
    """
    if not isinstance(value, list):
        raise DatasetError(path, key, f"expected a list, found {type(value).__name__}")
    return value


def field(entries: Mapping[str, Untrusted], name: str, path: Path, where: str = "") -> Untrusted:
    """Return `entries[name]`.

    Raises:
        DatasetError: With the missing key and those that are there.
    """
    if name not in entries:
        present = ", ".join(sorted(str(key) for key in entries)[:8]) or "nothing"
        raise DatasetError(path, f"{where}{name}", f"the key is missing; present: {present}")
    return entries[name]


def numbers(value: Untrusted, shapes: Sequence[tuple[int | None, ...]], path: Path, key: str) -> FloatArray:
    """Return `value` as float64 of one of `shapes` (None: any length); NaN passes, for `lint` to name.

    Raises:
        DatasetError: With the expected and the found shape.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers that float64 does not hold
            array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DatasetError(path, key, f"expected numbers of shape {_shapes_text(shapes)}: {error}") from error
    # NumPy turns None (JSON's null) into NaN, but null is no number. A sum of squares is the cheapest look for NaN.
    if math.isnan(np.vdot(array, array)) and any(one is None for one in np.asarray(value, dtype=object).ravel()):
        raise DatasetError(path, key, f"expected numbers of shape {_shapes_text(shapes)}, found null")
    return shaped(array, shapes, path, key)


def shaped(array: FloatArray, shapes: Sequence[tuple[int | None, ...]], path: Path, key: str) -> FloatArray:
    """Return an array that has one of `shapes` (None: any length), or whose one row or column of numbers fills one.

    Raises:
        DatasetError: With the expected and the found shape.
    """
    if array.shape in shapes or (array.ndim == 1 and (None,) in shapes):  # the usual cases
        return array
    for shape in shapes:
        if len(shape) == array.ndim and all(
            want in (None, have) for want, have in zip(shape, array.shape, strict=True)
        ):
            return array
    rearranged = _rearranged(array, shapes)
    if rearranged is not None:
        return rearranged
    raise DatasetError(path, key, f"expected shape {_shapes_text(shapes)}, found {array.shape}")


def _rearranged(array: FloatArray, shapes: Sequence[tuple[int | None, ...]]) -> FloatArray | None:
    """Return a row or column of numbers in the one of `shapes` that it fills, row by row; None if that is not one."""
    known = [tuple(side for side in shape if side is not None) for shape in shapes if None not in shape]
    same = [shape for shape in known if math.prod(shape) == array.size > 1]
    is_vector = array.size == max(array.shape, default=0)
    return array.reshape(same[0]) if is_vector and len(same) == 1 else None


def name_at(value: Untrusted, path: Path, key: str) -> str:
    """Return a name, which may be stated as a whole number.

    Raises:
        DatasetError: If it is anything else: null, a flag, a list, an empty text.
    """
    if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        return str(value)
    raise DatasetError(path, key, f"expected a name, found {str(value)[:40]!r}")


def number(value: Untrusted, path: Path, key: str) -> float:
    """Return one number, or one written as text.

    Raises:
        DatasetError: If it is neither.
    """
    # The usual cases first: a file of 10,000 cameras has a hundred thousand single numbers.
    if isinstance(value, float | int | str):
        try:
            return float(value)
        except (ValueError, OverflowError) as error:
            raise DatasetError(path, key, f"expected a number, found {str(value)[:40]!r}") from error
    return float(numbers(value, [()], path, key))


def flag_at(value: Untrusted, path: Path, key: str) -> bool:
    """Return true or false, also given as 0 or 1 or as text in any case.

    Raises:
        DatasetError: If it is anything else.
    """
    word = str(value).strip().lower()
    if isinstance(value, bool | int | float | str) and word in _FLAGS:
        return _FLAGS[word]
    raise DatasetError(path, key, f"expected true or false, found {str(value)[:40]!r}")


def size_at(width: Untrusted, height: Untrusted, path: Path, key: str) -> tuple[int, int]:
    """Return (width, height) from two whole positive numbers of px (some files write 1920.0).

    Raises:
        DatasetError: If they are none, or above `MAX_IMAGE_SIDE`.
    """
    if type(width) is int and type(height) is int and min(width, height) > 0 and max(width, height) <= MAX_IMAGE_SIDE:
        return width, height  # the usual case
    pair = numbers([width, height], [(2,)], path, key)
    if not (np.isfinite(pair).all() and (pair >= 1).all() and (pair == pair.round()).all()):
        raise DatasetError(path, key, f"expected a whole positive image size in px, found {width} x {height}")
    if (pair > MAX_IMAGE_SIDE).any():
        raise DatasetError(path, key, f"image of {width} x {height} px is over {MAX_IMAGE_SIDE} px")
    return int(pair[0]), int(pair[1])


def size_pair_at(value: Untrusted, path: Path, key: str) -> tuple[int, int]:
    """Return (width, height) from a list of both; see `size_at`.

    Raises:
        DatasetError: If it is no such list.
    """
    width, height = numbers(value, [(2,)], path, key)
    return size_at(width, height, path, key)


def exact(value: float) -> str:
    """Return the shortest text that reads back as the same double."""
    return repr(float(value))


def _shapes_text(shapes: Sequence[tuple[int | None, ...]]) -> str:
    return " or ".join(str(tuple("N" if n is None else n for n in shape)).replace("'", "") for shape in shapes)
