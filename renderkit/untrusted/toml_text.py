"""Untrusted TOML: bounded before it is parsed, every failure a DatasetError."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from renderkit.errors import DatasetError

MAX_TOML_BYTES = 32 << 20
"""TOML files above this size are refused."""


_ARRAY = re.compile(r"(?m)(?<== )\[(?:[-+0-9.eE,\s]|\[[-+0-9.eE,\s]*\])*\]\s*$")
"""An array of numbers, or of such arrays, behind a key: JSON reads it in a tenth of the time that TOML takes."""

_HELD = "\ue000"
"""Begins what stands for an array; a character that no text of a camera file has."""

_DANGEROUS = ('"""', "'''", _HELD, "\\ue000", "\\uE000", "\\U0000")
"""Where the pattern could match inside of a text, or a text could look like what stands for an array."""


def parse_toml(path: Path, text: str) -> dict[str, Any]:
    """Return parsed TOML.

    Args:
        path: Where the text comes from, for errors.
        text: The TOML.

    Raises:
        DatasetError: If the text is too large, is not TOML, or is nested too deeply.
    """
    if len(text) > MAX_TOML_BYTES:
        raise DatasetError(path, None, f"TOML of {len(text)} characters is over the limit of {MAX_TOML_BYTES}")
    try:
        return tomllib.loads(text) if any(mark in text for mark in _DANGEROUS) else _parse_with_arrays(text)
    except RecursionError as error:
        raise DatasetError(path, None, "not a TOML file that can be read: it is nested too deeply") from error
    except ValueError as error:
        raise DatasetError(path, None, f"not a TOML file: {error}") from error


def _parse_with_arrays(text: str) -> dict[str, Any]:
    """Parse TOML whose arrays of numbers are read as one JSON text, and put back by the place that they held."""
    found: list[str] = []

    def hold(match: re.Match[str]) -> str:
        found.append(match[0])
        return f'"{_HELD}{len(found) - 1}"\n'

    try:
        value = tomllib.loads(_ARRAY.sub(hold, text))
        arrays = json.loads(f"[{','.join(found)}]")
    except ValueError:
        return tomllib.loads(text)  # which says where the error is in the file
    return _with_arrays(value, arrays)


def _with_arrays(table: dict[str, Any], arrays: list[Any]) -> dict[str, Any]:
    for key, value in table.items():
        if isinstance(value, dict):
            _with_arrays(value, arrays)
        elif isinstance(value, str) and value.startswith(_HELD):
            table[key] = arrays[int(value[1:])]
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    _with_arrays(one, arrays)
    return table
