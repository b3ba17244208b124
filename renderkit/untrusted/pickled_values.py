"""Plain dicts, lists, arrays, text and numbers from an untrusted pickle; see `pickles`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from renderkit.errors import DatasetError
from renderkit.untrusted.pickles import NUMPY, Kept, KeptArray, load_pickle, pickle_in_npy

_MAX_VALUES = 5_000_000


def load_npy_dictionary(path: Path, data: bytes) -> Any:  # noqa: ANN401 - checked by the reader
    """Return what an .npy file with one pickled object holds, in plain dicts, lists, arrays, text and numbers.

    Args:
        path: Where the bytes come from, for errors.
        data: The file.

    Raises:
        DatasetError: If it is no such file, or its pickle wants anything else; nothing of it is run in that case.
    """
    return load_pickled_values(path, pickle_in_npy(path, data))


def load_pickled_values(path: Path, data: bytes) -> Any:  # noqa: ANN401
    """Return a pickled object made of arrays, dicts, lists, text and numbers.

    Raises:
        DatasetError: If the pickle wants anything else or is damaged; nothing of it is run in that case.
    """
    loaded = load_pickle(path, data, NUMPY)
    try:
        return _Converter().convert(loaded)
    except RecursionError as error:
        raise DatasetError(path, None, "the pickle is nested too deeply to be a camera file") from error
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        raise DatasetError(path, None, f"not a readable pickle: {error}") from error


class _Converter:
    """Turns stand-ins into plain values, at most `_MAX_VALUES` of them: references can multiply without end."""

    def __init__(self) -> None:
        self._left = _MAX_VALUES

    def convert(self, value: Any) -> Any:  # noqa: ANN401
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"refused: more than {_MAX_VALUES} values")
        if isinstance(value, KeptArray):
            return self._convert_array(value)
        if isinstance(value, dict):
            return {key: self.convert(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.convert(item) for item in value]
        if value is None or isinstance(value, str | bytes | int | float | bool):
            return value
        found = value.kind if isinstance(value, Kept) else type(value).__name__
        raise ValueError(f"refused: the pickle holds {found!r}, which is no array, dict, list, text or number")

    def _convert_array(self, kept: KeptArray) -> Any:  # noqa: ANN401
        shape, dtype, _fortran, content = kept.parts()
        if not dtype.is_object:
            values = kept.decode()
            if values is None:
                raise ValueError(f"refused: element type {dtype.text[:40]!r}; only numbers and text")
            return values[()] if kept.is_scalar else values
        count = 1
        for side in shape:
            count *= side
        if not isinstance(content, list) or len(content) != count:
            raise ValueError(f"an object array of shape {shape} does not hold as many values")
        items = [self.convert(item) for item in content]
        return items[0] if shape == () else items
