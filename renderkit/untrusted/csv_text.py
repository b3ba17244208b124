"""CSV from strangers."""

from __future__ import annotations

import csv
from pathlib import Path

from renderkit.errors import DatasetError


def csv_rows(path: Path, text: str, *, skip_spaces: bool = False) -> list[list[str]]:
    """Return the rows of a CSV file.

    Args:
        path: The file, for errors.
        text: Its text.
        skip_spaces: Leave out spaces after a comma.

    Raises:
        DatasetError: If it is none: a field of more than 131,072 letters, or a null byte.
    """
    reader = csv.reader(text.splitlines(), skipinitialspace=skip_spaces)
    try:
        return list(reader)
    except csv.Error as error:
        raise DatasetError(path, f"line {reader.line_num}", f"is not a CSV file: {error}") from error
