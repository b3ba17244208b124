"""The folder that one run writes into: report.json, overlays/."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Collection
from pathlib import Path

from renderkit.errors import DatasetError
from renderkit.results.rows import ViewKey
from renderkit.writing import make_folder, make_new_folder, write_bytes

OVERLAYS = "overlays"
"""Name of the folder of overlay pictures inside a run folder."""

PAGE = "page"
"""Name of the folder of report.html's pictures inside a run folder."""

EVIDENCE = "evidence"
"""Name of the folder of the evidence's pictures inside a run folder."""

REPORT = "report.json"
"""Name of the file that a run writes last: without it a run is not finished."""

SURFACES = "surfaces"
"""Name of the folder of depth pictures and coloured meshes inside a run folder."""

LIMITS = "limits.json"
"""Name of the file of detection limits, which `prove` adds to a run folder."""

PDF = "report.pdf"
"""Name of the printed report.html, which `report --pdf` adds to a run folder."""

_LOGS = ("*.log", "log.txt")

_MAX_NAME = 150


def refuse_foreign(folder: Path, what: str, marks: Collection[str]) -> None:
    """Refuse an output folder with content that is not renderkit's to write over.

    Hidden files and logs do not count.

    Args:
        folder: The folder; it may be missing.
        what: What may be in it, for the message.
        marks: Files of which one is in every such folder, the usual one first.

    Raises:
        DatasetError: If the folder holds anything and none of the marks.
    """
    if not folder.is_dir() or any(os.path.lexists(folder / mark) for mark in marks):
        return
    if any(not _is_passed_over(one) for one in folder.iterdir()):
        first = next(iter(marks))
        raise DatasetError(folder, None, f"not empty, and no {what} ({first} is missing): choose another --out")


def _is_passed_over(path: Path) -> bool:
    return path.name.startswith(".") or any(path.match(pattern) for pattern in _LOGS)


def make_writable(path: Path) -> Path:
    """Make a folder where there is none yet, and make sure that it can be written.

    Raises:
        DatasetError: If it cannot be made or written; nothing has been computed yet then.
    """
    # Permissions alone do not tell: disks can be full or read-only, and root may do anything.
    try:
        write_bytes(make_folder(path) / f".renderkit-{os.getpid()}", b"renderkit", durable=False).unlink()
    except DatasetError as error:
        raise DatasetError(path, None, f"cannot write into this output folder: {error.why}") from error
    return path


def make_unused(path: Path) -> Path:
    """Make a folder that nothing else uses: `path`, or with -2, -3 and so on behind its name.

    Raises:
        DatasetError: If it cannot be made.
    """
    make_folder(path.parent)
    for number in itertools.count(1):
        folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
        if make_new_folder(folder):
            return folder
    raise AssertionError("counting ends nowhere")


def own_file(folder: Path, path: Path) -> bool:
    """Return whether a file of a run folder, which may be a stranger's, is there.

    Raises:
        DatasetError: If it is a link that leads out of the folder: what it shows would be somebody else's.
    """
    if not path.is_file():
        return False
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DatasetError(path, None, "a link that leads out of the run folder; it is not followed: remove it")
    return True


def picture_name(key: ViewKey, suffix: str = ".jpg") -> str:
    """Return a file name for a view's picture: unique, and harmless whatever frames and cameras are called."""
    return safe_name(f"{key.frame}_{key.camera}_{key.mesh}") + suffix


def safe_name(text: str) -> str:
    """Return text as a part of a file name: no option of a command, not hidden; texts that differ give other names."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", text).lstrip(".-")[:_MAX_NAME]
    if plain == text and plain:
        return plain
    return f"{plain}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
