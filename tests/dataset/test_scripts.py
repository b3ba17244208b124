"""Programs that have no `if __name__ == "__main__":` run once, whatever the number of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import renderkit
from renderkit.system import is_of_script, script_not_run_again

MANY = """
import renderkit as rk

print("begun")
report = rk.validate_many({data!r}, out="run", reports="none", engine="processes", workers=2)
print([capture.num_failed for capture in report.captures])
"""

SURVEY = """
import math

from renderkit.dataset import survey

print("begun")
survey.usable_cores = lambda: 2
with survey.Survey() as found:
    print(sum(found.map(math.sqrt, [4.0] * 200)))
"""


def run_script(text: str, folder: Path) -> list[str]:
    (folder / "script.py").write_text(text)
    command = [sys.executable, "script.py"]
    environment = {**os.environ, "PYTHONPATH": str(Path(renderkit.__file__).parents[1])}
    done = subprocess.run(  # noqa: S603 - ours
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_workers_do_not_run_the_script_again(originals: Path, tmp_path: Path) -> None:
    assert run_script(MANY.format(data=str(originals)), tmp_path) == ["begun", "[0, 0, 0, 0]"]


def test_what_the_script_defines_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "_Own", _Own, raising=False)
    assert is_of_script([{"key": _Own()}])
    assert is_of_script([np.zeros(1 << 18), {"deep": [{"down": (_Own(),)}]}, np.zeros(1 << 18)])
    assert not is_of_script([{"key": Path("__mainly__")}, run_script])


class _Own:
    __module__ = "__main__"


def test_the_survey_does_not_run_the_script_again(tmp_path: Path) -> None:
    assert run_script(SURVEY, tmp_path) == ["begun", "400.0"]


def test_the_script_is_as_it_was_afterwards() -> None:
    script = sys.modules["__main__"]
    before = dict(vars(script))
    with script_not_run_again():
        assert script.__spec__ is None
        assert not hasattr(script, "__file__")
    assert dict(vars(script)) == before
