"""The cameras' names in file paths, from a CSV file of `camera,name in files`."""

from __future__ import annotations

from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.untrusted.csv_text import csv_rows
from renderkit.untrusted.files import read_text

MAX_BYTES = 16 << 20
"""Files above this size are refused."""


def read_camera_names(path: Path) -> dict[str, str]:
    """Return the names in file paths by the cameras' own names.

    Raises:
        DatasetError: If the file cannot be read, a line has not two fields, or a camera stands twice.
    """
    names: dict[str, str] = {}
    for number, row in enumerate(csv_rows(path, read_text(path, MAX_BYTES), skip_spaces=True), 1):
        if not row or row[0].startswith("#"):
            continue
        if len(row) != 2 or not all(field.strip() for field in row):
            why = f"expected a camera and its name in files with a comma between, found {','.join(row)[:80]!r}"
            raise DatasetError(path, f"line {number}", why)
        camera, label = (field.strip() for field in row)
        if camera in names:
            raise DatasetError(path, f"line {number}", f"camera {camera!r} appears twice")
        names[camera] = label
    return names
