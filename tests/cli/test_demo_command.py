"""renderkit demo: the planted fault is found and the files it names are there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from command_result import Result

Run = Callable[..., Result]


def test_the_faulty_camera_is_singled_out(run: Run, tmp_path: Path) -> None:
    result = run("demo")
    assert result.code == 0
    marked = [line for line in result.out.splitlines() if "<-- worst" in line]
    assert len(marked) == 1
    assert marked[0].startswith("25 ")
    assert "Camera 25 is the one whose calibration was turned" in result.out
    named = re.findall(r"^  (renderkit-demo/\S+)$", result.out, re.MULTILINE)
    assert len(named) == 3
    assert all((tmp_path / name).exists() for name in named)
