"""Shell completion, as the shell asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_result import Result

CODE = "from renderkit.cli import main; main()"


def _run(words: str, position: int) -> list[str]:
    """What bash is offered for the word at `position` of a command line: the kind and the text of each."""
    environment = {
        **os.environ,
        "_RENDERKIT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(position),
    }
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.split()


def test_commands_are_completed() -> None:
    assert _run("renderkit val", 1) == ["plain,validate"]
    assert set(_run("renderkit export-", 1)) == {"plain,export-rerun", "plain,export-gltf"}


def test_options_and_their_choices_are_completed() -> None:
    assert "plain,--matte-threshold" in _run("renderkit validate --mat", 2)
    assert _run("renderkit validate --renderer ", 3) == ["plain,auto", "plain,egl", "plain,cpu"]


@pytest.mark.parametrize("words", ["", "--mesh ", "--masks ", "--images ", "--rig ", "--camera-names "])
def test_files_are_left_to_the_shell(words: str) -> None:
    line = f"renderkit validate {words}sc"
    assert _run(line, len(line.split()) - 1) == ["file,sc"]


def test_the_script_is_installed_where_the_shell_reads_it(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "dotfiles").write_text("export EDITOR=vi\n")
    (tmp_path / ".zshrc").symlink_to(tmp_path / "dotfiles")
    for shell, place in (("bash", ".bash_completions/renderkit.sh"), ("zsh", ".zfunc/_renderkit"),
                         ("fish", ".config/fish/completions/renderkit.fish")):  # fmt: skip
        monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
        for _ in range(2):
            assert f"{shell} completion installed in {tmp_path / place}\n" in run("--install-completion").out
        script = (tmp_path / place).read_text()
        assert f"_RENDERKIT_COMPLETE={shell}_complete" in script
        assert run("--show-completion").out == f"{script}\n"
    assert (tmp_path / ".bashrc").read_text() == f"\nsource '{tmp_path}/.bash_completions/renderkit.sh'\n"
    zshrc = "export EDITOR=vi\n\nfpath+=~/.zfunc; autoload -Uz compinit; compinit\n"
    assert (tmp_path / "dotfiles").read_text() == zshrc
    assert (tmp_path / ".zshrc").is_symlink()


def test_another_shell_is_refused(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    for option in ("--install-completion", "--show-completion"):
        result = run(option)
        assert result.code == 2
        assert "'tcsh'" in result.err
        assert "bash, zsh, fish" in result.err


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_bash_completes_with_what_was_installed(tmp_path: Path) -> None:
    program = tmp_path / "renderkit"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{CODE}' \"$@\"\n")
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "HOME": str(tmp_path), "SHELL": "/bin/bash", "PATH": path}
    script = (
        "renderkit --install-completion > said; source ~/.bashrc; COMP_WORDS=(renderkit validate --eng) COMP_CWORD=2\n"
        '_renderkit_completion renderkit; echo "${COMPREPLY[@]}"; complete -p renderkit'
    )
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "--engine\ncomplete -o nosort -F _renderkit_completion renderkit\n"
