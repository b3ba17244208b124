"""Shell completion, as the shell asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def _run(words: str, position: int) -> list[str]:
    """What bash is offered for the word at `position` of a command line."""
    environment = {
        **os.environ,
        "_RENDERKIT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(position),
    }
    # The variable's name comes from the program's, so argv[0] is what the installed script would have.
    code = "import sys; sys.argv = ['renderkit']; from renderkit.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.split()


def test_commands_are_completed() -> None:
    assert _run("renderkit val", 1) == ["validate"]
    assert set(_run("renderkit export-", 1)) == {"export-rerun", "export-gltf"}


def test_options_and_their_choices_are_completed() -> None:
    assert "--matte-threshold" in _run("renderkit validate --mat", 2)
    assert _run("renderkit validate --renderer ", 3) == ["auto", "egl", "cpu"]


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_the_script_for_the_current_shell_is_shown_and_installed(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['renderkit', *sys.argv[1:]]; from renderkit.cli import main; main()"
    # The colon keeps bash from replacing itself by Python, which would hide the shell from Python.
    script = '"$0" -c "$1" --show-completion && "$0" -c "$1" --install-completion; :'
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", script, sys.executable, code], env=environment, capture_output=True, text=True, check=True
    )
    assert "complete -o default -F _renderkit_completion renderkit" in done.stdout
    assert "_renderkit_completion" in (tmp_path / ".bash_completions" / "renderkit.sh").read_text()
    assert "renderkit.sh" in (tmp_path / ".bashrc").read_text()
