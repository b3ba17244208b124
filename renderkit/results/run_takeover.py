"""What a run does with its output folder: which one it takes, what it removes from it, and what it refuses.

A folder that is missing or empty is taken. A run of the same capture is replaced: everything that it wrote goes, so
that no picture of it stands beside the new report; files of others stay. A run of another capture, and a folder with
anything else in it, are refused, and nothing in them is touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from renderkit.errors import DatasetError
from renderkit.results.json_report import read_report
from renderkit.results.run_folder import (
    EVIDENCE,
    LIMITS,
    OVERLAYS,
    PAGE,
    PDF,
    REPORT,
    SURFACES,
    make_writable,
    own_file,
    refuse_foreign,
)
from renderkit.results.run_scene import MESHES_NAME, RIG_NAME
from renderkit.untrusted.json_text import read_json_object
from renderkit.writing import make_folder, make_subfolder, no_empty_folders, remove_file, write_json

UNFINISHED: Final = ".renderkit-unfinished"
"""Name of the file that stands in a run folder from the beginning of a run to its end: the capture's name."""

_FOLDERS: Final = (OVERLAYS, PAGE, SURFACES, EVIDENCE)
_FILES: Final = (REPORT, RIG_NAME, MESHES_NAME, LIMITS, PDF)
_CAPTURE: Final = "capture"


def check_run_folder(folder: Path, capture: str | None = None) -> None:
    """Refuse an output folder that cannot be written, or holds something else than a run of one capture.

    Args:
        folder: The folder; it may be missing.
        capture: Name of the capture; None for a run of any.

    Raises:
        DatasetError: If there is something else in it, or a run of another capture, or it cannot be made or written.
    """
    # Detection limits may be there before the run is.
    refuse_foreign(folder, "run of renderkit", (REPORT, UNFINISHED, LIMITS))
    others = [name for name in _captures(folder) if capture not in {None, name}]
    if others:
        raise DatasetError(folder, None, f"holds a run of {others[0]!r}, not of {capture!r}: choose another --out")
    with no_empty_folders(folder):
        make_writable(folder)


def begin_run(folder: Path, capture: str, files: Iterable[str] = ()) -> Path:
    """Make a run folder with its folder of overlays, and remove what an earlier run of the capture left in it.

    Args:
        folder: The folder, which `check_run_folder` did not refuse.
        capture: Name of the capture.
        files: Names of the files that reports are written into.

    Raises:
        DatasetError: If the folder cannot be made, or something of the earlier run cannot be removed.
    """
    make_folder(folder)
    if (folder / REPORT).is_symlink() or any((folder / name).is_file() for name in (REPORT, UNFINISHED)):
        _remove_run(folder, files)
    write_json(folder / UNFINISHED, {_CAPTURE: capture}, durable=False)
    make_subfolder(folder, OVERLAYS)
    return folder


def end_run(folder: Path) -> None:
    """Say that a run is finished: its report is written.

    Raises:
        DatasetError: If the folder cannot be written.
    """
    remove_file(folder / UNFINISHED)


def _captures(folder: Path) -> Iterable[str]:
    """Return the capture whose run a folder holds, by name; none where there is no run, or one without rows."""
    mark = folder / UNFINISHED
    if own_file(folder, mark):
        return (str(read_json_object(mark).get(_CAPTURE)),)
    if not own_file(folder, folder / REPORT):
        return ()
    return dict.fromkeys(row.key.capture for row in read_report(folder).rows)


def _remove_run(folder: Path, files: Iterable[str]) -> None:
    # report.json stands for a finished run: it goes first.
    for name in dict.fromkeys((*_FILES, *files)):
        remove_file(folder / name)
    for name in _FOLDERS:
        place = folder / name
        if place.is_dir() and not place.is_symlink():
            try:
                shutil.rmtree(place)
            except OSError as error:
                raise DatasetError(place, None, f"the earlier run cannot be removed: {error.strerror}") from error
