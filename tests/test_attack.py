"""A short run of benchmarks/attack.py: damaged files of every type, opened through the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from attack_mutations import is_damaged_png, mutate

ROOT = Path(__file__).parents[1]


def test_mutations_follow_from_the_seed() -> None:
    data, other = bytes(range(256)) * 4, b"{1: [2, 3]}" * 20
    first = [mutate(data, other, np.random.default_rng([3, case])) for case in range(200)]
    assert first == [mutate(data, other, np.random.default_rng([3, case])) for case in range(200)]
    assert np.mean([one != data for one in first]) > 0.9


def test_a_png_tells_when_it_is_damaged(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    data = (tmp_path / "a.png").read_bytes()
    assert not is_damaged_png(data)
    assert is_damaged_png(data[:-15])
    assert is_damaged_png(data[:60] + bytes([data[60] ^ 1]) + data[61:])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="cases run in forked processes with limits")
def test_damaged_files_do_no_harm() -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "benchmarks" / "attack.py"), "--cases", "60", "--seed", "0", "--short"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
