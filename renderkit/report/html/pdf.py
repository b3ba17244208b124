"""report.pdf: the page printed by a chromium of the system."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from renderkit.errors import DatasetError, RenderkitError
from renderkit.system import find_program, run_program
from renderkit.writing import write_bytes

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_TIMEOUT_S: Final = 180.0


def print_pdf(page: Path, target: Path) -> Path:
    """Print a page to a PDF file and return the file's path.

    Raises:
        RenderkitError: If there is no browser.
        DatasetError: If the browser fails, or the file cannot be written.
    """
    browser = find_program(BROWSERS)
    if browser is None:
        raise RenderkitError(
            "a PDF is printed by chromium, and there is none on this machine: install it (Debian and Ubuntu: apt-get "
            "install chromium; others: https://www.chromium.org), or open report.html in any browser and print it"
        )
    with tempfile.TemporaryDirectory(prefix="renderkit-pdf-") as folder:
        printed = Path(folder) / "report.pdf"
        said = run_program(
            [
                str(browser), "--headless", "--disable-gpu", "--no-sandbox", "--disable-extensions",
                f"--user-data-dir={folder}/profile", "--no-pdf-header-footer", f"--print-to-pdf={printed}",
                "--virtual-time-budget=20000", page.resolve().as_uri(),
            ],
            timeout_s=_TIMEOUT_S,
        )  # fmt: skip
        if not printed.is_file():
            raise DatasetError(page, None, f"{browser} printed no PDF: {said[-300:].strip() or 'it said nothing'}")
        return write_bytes(target, printed.read_bytes())
