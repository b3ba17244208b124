"""Where a run is written when nobody says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def default_run_folder(capture: Path) -> Path:
    """Make runs/<capture>-<time>, which no other run uses, and return it."""
    from renderkit.results.run_folder import make_unused, safe_name

    name = f"{safe_name(capture.absolute().name)}-{datetime.now().strftime('%Y%m%d-%H%M%S')}"
    return make_unused(Path("runs") / name)
