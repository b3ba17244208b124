"""An untrusted JSON file, bounded before it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from renderkit.errors import DatasetError

MAX_JSON_BYTES = 256 << 20
"""JSON files above this size are refused."""


def read_json_object(path: Path, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Read a JSON file whose top level is an object.

    Raises:
        DatasetError: If the file is missing, too large, not JSON, nested too deeply, or not an object.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DatasetError(path, None, f"JSON file of {size} bytes is over {max_bytes}")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(path, None, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(path, None, f"not a JSON file: {error}") from error
    if not isinstance(content, dict):
        raise DatasetError(path, None, f"expected a JSON object, found {type(content).__name__}")
    return content
