"""report.html: the run as one self-contained page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from renderkit.report.writer import Writer
from renderkit.results.report import Report


def _dump(report: Report, folder: Path) -> bytes:
    from renderkit.report.html.page import render_page  # noqa: PLC0415 - loads the template engine

    return render_page(report, folder).encode("utf-8", "backslashreplace")


WRITER: Final = Writer("html", "report.html", _dump)
