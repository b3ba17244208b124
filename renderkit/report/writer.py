"""What a writer is: one file of a run folder, written from a finished report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from renderkit.results.report import Report
from renderkit.writing import write_bytes


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Writer:
    """Writes one file of a run folder. It reads the report and what the run wrote, and computes nothing anew.

    Attributes:
        name: What it is asked for by.
        file_name: The file that it writes.
        dump: Returns the file's bytes, given the report and the run folder, in which a page's pictures lie.
        by_default: Whether every run writes it; one that needs an extra is written on request.
        load: Imports what `dump` needs; a run calls it while it waits for pictures.
    """

    name: str
    file_name: str
    dump: Callable[[Report, Path], bytes]
    by_default: bool = True
    load: Callable[[], object] = _nothing

    def write(self, report: Report, folder: Path) -> Path:
        """Write the file into a run folder and return its path.

        Raises:
            DatasetError: If it cannot be written, or the run folder's pictures or geometry are damaged.
            MissingExtraError: If a package is missing.
        """
        path = folder / self.file_name
        return write_bytes(path, self.dump(report, folder))
