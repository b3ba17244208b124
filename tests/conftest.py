"""Fixtures for every test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["dataset_fixtures", "report_fixtures"]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


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
