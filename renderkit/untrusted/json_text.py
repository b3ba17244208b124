"""Untrusted JSON: bounded before it is read, every failure a DatasetError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from renderkit.errors import DatasetError
from renderkit.untrusted.files import read_text

MAX_JSON_BYTES = 256 << 20
"""JSON files above this size are refused."""

MAX_JSON_MEMORY = 1 << 30
"""JSON whose values would take more bytes than this in memory is refused."""

# Bytes that a value takes in CPython: a number or short text with its place in a list, a list, an object with one key.
_BYTES = ((",", 64), ("[", 64), ("{", 240))


def parse_json(path: Path, text: str, max_memory: int = MAX_JSON_MEMORY) -> Any:  # noqa: ANN401 - what a foreign file holds is checked by its reader
    """Return parsed JSON; NaN and Infinity are admitted so that `lint` can name them.

    Args:
        path: Where the text comes from, for errors.
        text: The JSON.
        max_memory: Bytes that its values may take, by an estimate from above.

    Raises:
        DatasetError: If the text is not JSON, is nested too deeply, holds too many values, or states one key of an
            object twice with different values.
    """
    memory = sum(text.count(character) * num_bytes for character, num_bytes in _BYTES)
    if memory > max_memory:
        why = f"JSON of about {memory >> 20} MiB in memory is over the limit of {max_memory >> 20} MiB"
        raise DatasetError(path, None, why)
    try:
        return json.loads(text, object_pairs_hook=_object)
    except _DuplicateKeyError as error:
        raise DatasetError(path, error.key, "the key occurs twice in one object, with different values") from error
    except RecursionError as error:
        raise DatasetError(path, None, "not a JSON file that can be read: it is nested too deeply") from error
    except ValueError as error:
        raise DatasetError(path, None, f"not a JSON file: {error}") from error


class _DuplicateKeyError(Exception):
    """An object states a key twice, and the two do not agree."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; `json` alone would keep the last of several values of one key, and not say so."""
    found = dict(pairs)
    if len(found) < len(pairs):
        different = next((key for key, value in pairs if not _is_same(value, found[key])), None)
        if different is not None:
            raise _DuplicateKeyError(different)
    return found


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> Any:  # noqa: ANN401
    """Read a JSON file.

    Raises:
        DatasetError: If the file is missing, no regular file, too large, not UTF-8, not JSON or nested too deeply.
    """
    return parse_json(path, read_text(path, max_bytes))


def read_json_object(path: Path, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Read a JSON file whose top level is an object.

    Raises:
        DatasetError: As `read_json`, or if the top level is not an object.
    """
    content = read_json(path, max_bytes)
    if not isinstance(content, dict):
        raise DatasetError(path, None, f"expected a JSON object, found {type(content).__name__}")
    return content
