"""Every script and notebook of docs/examples runs, as a user would run it, with warnings as errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"
MAKER = "make_capture.py"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name != MAKER)
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))
EXECUTE = (
    "import sys, nbformat, nbclient; notebook = nbformat.read(sys.argv[1], as_version=4); "
    "nbclient.NotebookClient(notebook, timeout=300, kernel_name='python3').execute(); "
    "nbformat.write(notebook, 'executed.ipynb')"
)

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="docs/ is not beside these tests")


def _run(arguments: list[str], folder: Path) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder_with_capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    assert "faulty: 25" in _run(["-W", "error", str(EXAMPLES / MAKER)], folder)
    return folder


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_runs(script: str, folder_with_capture: Path, tmp_path: Path) -> None:
    shutil.copytree(folder_with_capture / "capture", tmp_path / "capture")
    assert _run(["-W", "error", str(EXAMPLES / script)], tmp_path)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_notebook_runs(notebook: str, tmp_path: Path) -> None:
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    _run(["-c", EXECUTE, str(EXAMPLES / notebook)], tmp_path)
    assert "camera 25 disagrees" in (tmp_path / "executed.ipynb").read_text()


def test_scripts_are_short_and_say_what_they_do() -> None:
    for path in EXAMPLES.glob("*.py"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith('"""'), path.name
        assert len(lines) <= 40, path.name


def test_the_notebook_is_kept_without_output() -> None:
    for path in EXAMPLES.glob("*.ipynb"):
        assert '"output_type"' not in path.read_text(), path.name
