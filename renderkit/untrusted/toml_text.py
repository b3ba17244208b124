"""Untrusted TOML: bounded before it is parsed, every failure a DatasetError."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from renderkit.errors import DatasetError

MAX_TOML_BYTES = 32 << 20
"""TOML files above this size are refused."""


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
        return tomllib.loads(text)
    except RecursionError as error:
        raise DatasetError(path, None, "not a TOML file that can be read: it is nested too deeply") from error
    except ValueError as error:
        raise DatasetError(path, None, f"not a TOML file: {error}") from error
