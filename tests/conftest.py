"""Fixtures for every test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["dataset_fixtures", "report_fixtures"]

CODE_ALONE = frozenset(
    {"diagnosis", "flame", "formats", "gates", "geometry", "images", "metrics", "synth", "untrusted"}
)
"""Rooms of code that reads no file of the package: their tests say the same of a wheel as of the checkout."""
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of rooms that cannot differ between a checkout and a wheel made of it."""
    tests = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(tests) and item.path.relative_to(tests).parts[0] in CODE_ALONE:
            item.add_marker(pytest.mark.checkout_only)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside a development checkout; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data is not beside this checkout (../shared/data)")
    return SHARED_DATA


@pytest.fixture(scope="session")
def real_calibration(shared_data: Path) -> dict[str, Any]:
    """Sixty real cameras with lens distortion: name -> {K, D, RT (camera to world)}, 2448 x 2048 px."""
    cameras: dict[str, Any] = json.loads((shared_data / "renderme360" / "calibration_distorted.json").read_text())
    return cameras
