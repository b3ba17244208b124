"""Videos in headless chromium: they load, have the right length and show their pictures."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from renderkit.pictures.video import VideoFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    executable = next((path for path in found if path), None)
    if executable is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        started: Browser = running.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_browser_plays_it(browser: Browser, tmp_path: Path, suffix: str) -> None:
    with VideoFile(tmp_path / f"a{suffix}", 5.0) as video:
        for shade in (40, 120, 200, 90, 60):
            video.add(np.full((96, 160, 3), (shade, 80, 40), np.uint8))
    (tmp_path / "page.html").write_text(f'<video src="a{suffix}" preload="auto" muted></video>')
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("document.querySelector('video').readyState === 4", timeout=20_000)
    size = page.evaluate("(v => [v.duration, v.videoWidth, v.videoHeight])(document.querySelector('video'))")
    assert size == [pytest.approx(1.0, abs=0.05), 160, 96]
    page.close()
