"""Where a run is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

_RUNS: Final = Path("runs")


@contextmanager
def run_folder(out: Path | None, capture: Path) -> Iterator[Path]:
    """Give the folder of a run; where the run is refused, none is left.

    Args:
        out: As given, or None to make runs/<capture>-<time>, which no other run uses.
        capture: The capture.
    """
    from renderkit.results.run_folder import make_unused, safe_name
    from renderkit.writing import no_empty_folders, remove_if_empty

    if out is not None:
        yield out
        return
    name = f"{safe_name(capture.absolute().name)}-{datetime.now().strftime('%Y%m%d-%H%M%S')}"
    with no_empty_folders(_RUNS):
        folder = make_unused(_RUNS / name)
        try:
            yield folder
        finally:
            remove_if_empty(folder)
