"""Fixtures for every test."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before NumPy is loaded, here and in every process that a test starts: several tests run at once on small matrices,
# so BLAS threads would spin while they wait for each other, and take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

pytest_plugins = ["dataset_fixtures", "report_fixtures"]

CODE_ALONE = frozenset(
    {
        "boards", "cli", "dataset", "diagnosis", "export", "flame", "formats", "gates", "geometry", "images", "metrics",
        "pictures", "pipeline", "renderers/test_hard_lenses.py", "results", "synth", "test_arrays.py", "test_attack.py",
        "test_buffer_pool.py", "test_capture.py", "test_compiled.py", "test_computed_once.py",
        "test_docstring_examples.py", "test_errors.py", "test_selection.py", "test_wording.py", "untrusted",
    }
)  # fmt: skip
"""Code that reads no file of the package: its tests say the same of a wheel as of the checkout.

What a wheel can lack is read by renderers (shaders, machine code), report (templates) and installed programs.
"""
PROGRAMS = frozenset(
    {
        "cli/test_completion.py", "cli/test_demo_command.py", "cli/test_doctor_command.py", "cli/test_main.py",
        "cli/test_render_command.py", "cli/test_validate_command.py", "pipeline/test_warm.py",
    }
)  # fmt: skip
"""Tests of these rooms that draw, write pages or start the installed program, from one end to the other."""
FILES_OF_THE_CHECKOUT = frozenset(
    {
        "test_bench_rigs.py",
        "test_ci_snippets.py",
        "test_docs.py",
        "test_examples.py",
        "test_project.py",
        "test_structure.py",
    }
)
"""Tests of what is beside the package: documentation, scripts, benchmarks, the way the code is written."""
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of rooms that cannot differ between a checkout and a wheel made of it."""
    tests = Path(__file__).parent
    for item in items:
        if not item.path.is_relative_to(tests):
            continue
        place = item.path.relative_to(tests)
        if {place.parts[0], place.as_posix()} & (
            CODE_ALONE | FILES_OF_THE_CHECKOUT
        ) and place.as_posix() not in PROGRAMS:
            item.add_marker(pytest.mark.checkout_only)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_disks() -> Iterator[None]:
    """Files of tests need not survive a power cut: syncing each takes longer than writing it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


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
