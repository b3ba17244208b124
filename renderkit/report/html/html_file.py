"""report.html: the run as one self-contained page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from renderkit.report.writer import Writer
from renderkit.results.report import Report


def _renderer() -> Callable[[Report, Path], str]:
    from renderkit.report.html.page import render_page  # noqa: PLC0415 - loads the template engine

    return render_page


def _dump(report: Report, folder: Path) -> bytes:
    return _renderer()(report, folder).encode("utf-8", "backslashreplace")


WRITER: Final = Writer("html", "report.html", _dump, load=_renderer)
